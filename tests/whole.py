"""Whether all verticals of the package are there: documents describe them all, so that what they name may be gone where one is deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent / "verticals"
GONE = [name for name in ("directory", "events", "forms", "landing", "news", "shop") if not (TESTS / name).is_dir()]

needs_features = pytest.mark.skipif(bool({*GONE} - {"events"}), reason=f"this site switches on {', '.join(GONE)}, which is not here")
"""For a site of a room's own tests that uses all features of the package; the sample vertical is none of them."""

describes_all = pytest.mark.skipif(bool(GONE), reason=f"what is described may be of {', '.join(GONE)}, which is not here")
