"""What the author of a vertical reads when its code is wrong: its file, its line, and a code; never an internal error of cms."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cms_ssg.cli.main import run
from cms_ssg.kinds.failures import FOLDERS

PACKAGE = {
    "__init__.py": """from pathlib import Path

from NAME.kinds import CARD, LIKES, claim_card
from cms_ssg.kinds.vertical import Vertical

VERTICAL = Vertical(
    name="NAME", folder=Path(__file__).parent, outputs=(CARD,), facts=(LIKES,), claims=claim_card,
    collections=({"name": "NAME", "path": "content/NAME", "type": "NAME"},), checks="NAME.checks:CHECKS",
)
""",
    "kinds.py": """from cms_ssg.kinds.claim import ENTRY, ClaimRow, Owner
from cms_ssg.kinds.output_kind import OutputKind
from cms_ssg.kinds.phases import LEAVES
from cms_ssg.kinds.row_kind import Fact

LIKES = Fact("NAME_likes", "SELECT s, to_jsonb(3), NULL::timestamptz, NULL::timestamptz FROM unnest(%(subjects)s::text[]) s WHERE %(site)s > 0")
CARD = OutputKind("NAME-card", LEAVES, "text/plain", "NAME.kinds:render_card")


def claim_card(site, row, fields, path):
    if row.type == "NAME" and path:
        yield ClaimRow(path + "card.txt", ENTRY, row.locale, row.claim_key, Owner.ENTRY, row.id, {"kind": "NAME-card"})


def render_card(page, job):
    return page.card(job.owner).title.encode(), "text/plain"
""",
    "checks.py": """from cms_ssg.types import Problem


def check(opened):
    yield Problem("NAME.seen", "site.toml", 0, "was looked at", severity="warning")


CHECKS = (check,)
""",
    "content_schema/NAME.json": '{"x-extends": "page", "x-url": "/NAME/{slug}/", "properties": {"place": {"type": "string"}}}',
    "templates/NAME.html": '{% extends "base.html" %}\n{% block main %}{{ fact("NAME_likes", entry) }} likes of {{ entry.title }}{% endblock %}\n',
}

Broken = Callable[..., tuple[int, str]]


@pytest.fixture
def broken(site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Broken:
    """Runs a command on a site with a vertical in whose file a text is another one; gives the exit code and what was printed, with the package as PKG."""
    name = f"v{abs(hash(request.node.name)):x}"
    folder = site / "packages" / name
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.delenv("CMS_DEBUG", raising=False)

    def call(file: str, old: str, new: str, *command: str) -> tuple[int, str]:
        for inner, text in PACKAGE.items():
            path = folder / inner.replace("NAME", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            assert inner != file or old in text
            path.write_text((text.replace(old, new) if inner == file else text).replace("NAME", name))
        (site / "site.toml").write_text(f'title = "T"\nbase_url = "https://a.org"\nverticals = ["blog", "{name}"]\n')
        (site / f"content/{name}").mkdir(exist_ok=True)
        (site / f"content/{name}/one.md").write_text("---\ntitle: One\n---\nText.\n")
        capsys.readouterr()
        code = run(list(command))
        said = capsys.readouterr()
        return code, (said.out + said.err).replace(str(folder), "PKG").replace(name, "NAME")

    yield call
    FOLDERS.pop(folder, None)
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[module]


def test_a_vertical_that_is_right_builds_and_checks(broken: Broken, site: Path) -> None:
    code, said = broken("kinds.py", "to_jsonb(3)", "to_jsonb(4)", "build")
    assert (code, "failure" in said) == (0, False), said
    assert run(["check"]) == 0
    assert "4 likes of One" in next(site.glob("build/v*/one/index.html")).read_text()
    assert next(site.glob("build/v*/one/card.txt")).read_text() == "One"


@pytest.mark.parametrize(
    ("file", "old", "new", "command", "said"),
    [
        ("__init__.py", "VERTICAL = ", "VERTICAL == ", "status", "PKG/__init__.py:6: the vertical NAME cannot be imported: NameError:"),
        ("__init__.py", "VERTICAL = Vertical(", "VERTICAL = Vertical", "status", "PKG/__init__.py:7: the vertical NAME cannot be imported: Indent"),
        ("__init__.py", "CARD, LIKES", "CARDS, LIKES", "build", "PKG/__init__.py:3: the vertical NAME cannot be imported: ImportError: cannot"),
        ("__init__.py", "facts=", "fact=", "build", "PKG/__init__.py:6: the vertical NAME cannot be imported: TypeError:"),
        ("kinds.py", "import LEAVES", "import LEAFS", "plan", "PKG/kinds.py:3: the vertical NAME cannot be imported: ImportError: cannot import"),
        ("__init__.py", "NAME.checks:CHECKS", "NAME.checks:CHECK", "check", 'PKG/checks.py: there is no "CHECK", which "NAME.checks:CHECK" of a'),
        ("__init__.py", "NAME.checks:", "NAME.chekcs:", "check", 'there is no module "NAME.chekcs", which "NAME.chekcs:CHECKS" of a vertical'),
        ("checks.py", "import Problem", "import Problems", "check", "PKG/checks.py:1: the vertical NAME failed: ImportError: cannot import"),
        ("checks.py", "yield Problem(", "yield Problems(", "check", "PKG/checks.py:5: the vertical NAME failed: NameError: name 'Problems'"),
        ("kinds.py", "row.type ==", "row.typ ==", "build", "PKG/kinds.py:11: the vertical NAME failed: AttributeError: 'EntryRow' object"),
        ("kinds.py", "job.owner", "job.ownr", "build", "PKG/kinds.py:16: /NAME/one/card.txt: the vertical NAME failed: AttributeError"),
        ("kinds.py", "job.owner).title", "job.owner).titel", "build", 'the vertical NAME failed: AttributeError: cards have no "titel"; they'),
        ("kinds.py", "to_jsonb(3)", "to_jsonbee(3)", "build", "the query of the fact NAME_likes of the vertical NAME failed: function to_json"),
        ("templates/NAME.html", "entry.title", "entry.titel", "build", "PKG/templates/NAME.html:2: /NAME/one/ (from content/NAME/one.md): entry"),
        ("templates/NAME.html", "{% endblock", "{% endblok", "build", "PKG/templates/NAME.html:2: /NAME/one/ (from content/NAME/one.md): Enc"),
        ("templates/NAME.html", "entry.title", "entri.title", "check", "PKG/templates/NAME.html:2: "),
        ("content_schema/NAME.json", '"string"', '"strng"', "build", "PKG/content_schema/NAME.json:1: "),
        ("content_schema/NAME.json", '{"place"', '"place"', "build", "PKG/content_schema/NAME.json:1: no JSON"),
    ],
)  # fmt: skip
def test_an_error_in_a_vertical_names_its_file_and_line(broken: Broken, file: str, old: str, new: str, command: str, said: str) -> None:
    code, printed = broken(file, old, new, command)
    assert said in printed
    assert "internal" not in printed
    assert "Traceback" not in printed
    assert code == (3 if (command == "check" and "NAME.seen" in printed) or "failure" in printed else 1), printed


def test_a_closest_name_is_suggested(broken: Broken) -> None:
    code, said = broken("__init__.py", "NAME.checks:CHECKS", "NAME.checks:CHECK", "check")
    assert (code, 'Did you mean "CHECKS"?' in said) == (1, True)


def test_a_table_of_a_vertical_that_is_off_is_explained(site: Path, cms: Callable[..., tuple[int, object, str]]) -> None:
    (site / "site.toml").write_text('title = "T"\nbase_url = "https://a.org"\n[shop]\ncurrency = "EUR"\n')
    code, _, said = cms("build")
    assert code == 1
    assert 'unknown key \\"shop\\"' in said or 'unknown key "shop"' in said
    assert "is not switched on" in said


def test_tables_of_a_vertical_that_the_database_never_used_do_not_stop_a_dump(broken: Broken, site: Path) -> None:
    code, said = broken("__init__.py", "checks=", 'tables=("nowhere",), checks=', "db", "dump", "saved.dump")
    assert (code, (site / "saved.dump").is_file()) == (0, True), said


def test_a_conflict_calls_an_output_of_a_vertical_by_its_name(broken: Broken, site: Path) -> None:
    broken("kinds.py", "to_jsonb(3)", "to_jsonb(4)", "build")
    (name,) = (path.name for path in site.glob("content/v*"))
    (site / f"static/{name}/one").mkdir(parents=True)
    (site / f"static/{name}/one/card.txt").write_text("Mine.")
    code, said = broken("kinds.py", "to_jsonb(3)", "to_jsonb(4)", "check")
    assert code == 3
    assert (
        "/NAME/one/card.txt is claimed twice: the NAME-card of content/NAME/one.md has it, the file of static/NAME/one/card.txt does not"
        in said
    )
