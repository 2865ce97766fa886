"""Pages made of blocks, and experiments with their variants."""

from pathlib import Path

from cms_ssg.kinds.vertical import Vertical
from cms_ssg.verticals.landing.outputs import VARIANT, claim_variants
from cms_ssg.verticals.landing.settings import LandingSettings

VERTICAL = Vertical(
    name="landing",
    folder=Path(__file__).parent,
    outputs=(VARIANT,),
    claims=claim_variants,
    collections=(
        {"name": "landing", "path": "content/landing", "type": "landing"},
        {"name": "experiments", "path": "content/experiments", "type": "experiment"},
    ),
    view="cms_ssg.verticals.landing.views:LandingView",
    settings=LandingSettings,
    groups={"experiment": "Start, report on and stop A/B tests of pages."},
    commands="cms_ssg.verticals.landing.commands:COMMANDS",
    checks="cms_ssg.verticals.landing.checks:CHECKS",
    begin="cms serve                       # build it, look at it, and see every save\ncms experiment start headline   # show half of the visitors another headline",
    splits="cms_ssg.verticals.landing.edge:list_splits",
    routes=("cms_ssg.verticals.landing.api:router", "cms_ssg.verticals.landing.desk:router"),
    accepted="cms_ssg.verticals.landing.api:note_accepted",
    desk_pages="cms_ssg.verticals.landing.desk:PAGES",
    slots={"bottom": "partials/goals.html"},
    tables=("experiment_exposures", "experiment_conversions"),
)
