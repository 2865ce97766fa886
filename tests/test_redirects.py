"""Redirect files of other systems: what a static site can do of them, and a word about the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from cms_ssg.config.load import load_settings
from cms_ssg.engine.inputs import read_redirects


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


REDIRECTS = """{"external": [
  {"source": "/old", "destination": "/new"},
  {"source": "/:locale/a", "destination": "/:locale/b"},
  {"source": "/(x|y).html", "destination": "https://example.org/"},
  {"source": "/blog/:path*", "destination": "/news/:path*"},
  {"source": "/feed.xml", "destination": "/feeds/rss.xml"},
  {"source": "/same", "destination": "/same/"},
  {"source": "/bad", "destination": "javascript:alert(1)"},
  {"source": "/bad2", "destination": "//evil.example"}
], "internal": []}
"""


def test_redirect_lists_are_reduced_to_what_a_static_site_can_do(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "site.toml": 'locales = ["en", "it"]\nredirect_files = ["r.json", "_redirects", "r.csv"]\n[redirects]\n"/first" = "/1/"\n',
            "r.json": REDIRECTS,
            "_redirects": "# old\n/t1 /new/t1 301\n/t2 /new/t2  # note\n/splat/* /x/:splat\n/api/x /y 200\n/q id=:id /z\n/first /2/\n/v1.0 /1.0/\n",
            "r.csv": "from,to\n/c1,/new/c1\n",
        },
    )
    found = read_redirects(tmp_path, load_settings(tmp_path, {}))
    assert found.targets == {
        "/first": "/1/",
        "/old": "/new",
        "/a": "/b",
        "/it/a": "/it/b",
        "/x.html": "https://example.org/",
        "/y.html": "https://example.org/",
        "/t1": "/new/t1",
        "/t2": "/new/t2",
        "/v1.0": "/1.0/",
        "/c1": "/new/c1",
    }
    assert [(problem.place, problem.line) for problem in found.problems] == [
        ("r.json", 5),
        ("r.json", 6),
        ("r.json", 7),
        ("r.json", 8),
        ("r.json", 9),
        ("_redirects", 4),
        ("_redirects", 5),
        ("_redirects", 6),
        ("_redirects", 7),
    ]
    assert all(problem.severity == "warning" for problem in found.problems)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("r.json", "{"),
        ("r.json", "3"),
        ("r.json", '[{"from": "/x"}]'),
        ("_redirects", "/x\n"),
        ("r.csv", "/x\n"),
        ("../r.csv", ""),
        ("gone.csv", None),
    ],
)
def test_unreadable_redirect_file_is_an_error_with_a_place(tmp_path: Path, name: str, text: str | None) -> None:
    root = tmp_path / "inner"
    write(root, {"site.toml": f'redirect_files = ["{name}"]\n'} | ({name: text} if text is not None else {}))
    (problem,) = read_redirects(root, load_settings(root, {})).problems
    assert (problem.code, problem.place) == ("redirects.unreadable", name)


def test_redirect_of_the_settings_from_a_file_is_made_and_told_with_its_line(tmp_path: Path) -> None:
    text = '[redirects]\n"/old/" = "/new/"\n"/old.xml" = "/feed.xml"\n"/old.html" = "/new/"\n[env.b.redirects]\n"/a.css" = "/b.css"\n'
    write(tmp_path, {"site.toml": text})
    for env, lines in (("", [3]), ("b", [3, 6])):
        found = read_redirects(tmp_path, load_settings(tmp_path, {}, env))
        assert found.targets["/old.xml"] == "/feed.xml"
        assert [(p.code, p.place, p.line, p.severity) for p in found.problems] == [
            ("redirects.no-page", "site.toml", line, "warning") for line in lines
        ]
