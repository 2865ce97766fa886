"""Gives a site a template of its own, as the theme has it, to be changed."""

from __future__ import annotations

from difflib import get_close_matches

from cms_ssg.authoring.write import write_file
from cms_ssg.errors import UsageError
from cms_ssg.render.theme_chain import theme_folders
from cms_ssg.site import Site
from cms_ssg.types import Problem


def copy_template(site: Site, name: str) -> str:
    """Copy a template from the theme to the site's folder of that theme. Returns the new file.

    Raises UsageError theme.no-template; CmsError authoring.exists where the site has it already, authoring.unwritable.
    """
    chain = theme_folders(site.root, site.settings).templates
    known = sorted({path.relative_to(folder).as_posix() for folder in chain for path in folder.rglob("*.*") if path.is_file()})
    if name not in known:
        near = get_close_matches(name, known, 1, 0.5)
        hint = f'Did you mean "{near[0]}"? ' if near else ""
        raise UsageError(Problem("theme.no-template", "", 0, f'the theme has no template "{name}"', f"{hint}Templates: {', '.join(known)}"))
    source = next(folder / name for folder in chain if (folder / name).is_file())
    file = f"themes/{site.settings.theme}/templates/{name}"
    write_file(site.root / file, source.read_bytes(), file, new=True)
    return file
