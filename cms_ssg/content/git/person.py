"""Who works here, for what is kept with changes, builds and acts: one rule for every command."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cms_ssg.content.git.checkout import find_user_name

PERSON: Final = "CMS_PERSON"
"""The variable that names who works here; set to nothing, it names nobody."""
ACTORS: Final = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BITBUCKET_STEP_TRIGGERER_UUID")
"""Variables in which a service that runs commands names who set them off."""


def find_person(root: Path, environ: Mapping[str, str] = os.environ) -> str:
    """Who works here: as CMS_PERSON says, or the service that runs the command, else git's user.name in this folder; "" for nobody."""
    if PERSON in environ:
        return environ[PERSON].strip()
    return find_actor(environ) or find_user_name(root)


def find_actor(environ: Mapping[str, str]) -> str:
    """Who set a command off, as the service says that runs it; "" for none."""
    return next((environ[name] for name in ACTORS if environ.get(name)), "")
