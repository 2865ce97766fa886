"""Files whose names or first bytes say that they are not what the site takes them for."""

from __future__ import annotations

from pathlib import Path

from tests.cli.small_site import SITE, Cms


def codes(result: dict[str, list[dict[str, str]]], start: str) -> list[tuple[str, str]]:
    return [(p["code"], p["place"]) for p in result["problems"] if p["code"].startswith(start)]


def test_translations_into_a_locale_that_was_dropped_are_told(site: Path, cms: Cms) -> None:
    for name, text in {
        "about.it.md": "# Chi siamo\n",
        "node.md": "# Node\n",
        "node.js.md": "# Node.js\n",
        "due.it.md": "# Alone\n",
    }.items():
        (site / "content/pages" / name).write_text(text)
    (site / "site.toml").write_text('locales = ["en", "it"]\n' + SITE)
    assert codes(cms("build")[1], "content.other") == []
    (site / "site.toml").write_text(SITE)
    expected = [("content.other-locale", "content/pages/about.it.md")]
    assert codes(cms("build")[1], "content.other") == expected
    assert codes(cms("check")[1], "content.other") == expected


def test_a_featured_file_that_is_no_image_is_not_shown_as_one(site: Path, cms: Cms) -> None:
    (site / "content/posts/plan").mkdir()
    (site / "content/posts/plan/plan.pdf").write_bytes(b"%PDF-1.4")
    (site / "content/posts/plan/index.md").write_text("---\ntitle: P\ndate: 2025-03-02\nimage: plan.pdf\n---\n[The plan](plan.pdf)\n")
    assert cms("build")[0] == 0
    for page in ("index.html", "2025/03/plan/index.html"):
        text = (site / "build" / page).read_text()
        assert 'src="/2025/03/plan/plan.pdf' not in text and "og:image" not in text
    assert (site / "build/2025/03/plan/plan.pdf").is_file()
    assert codes(cms("check")[1], "content.dangling") == [("content.dangling-image", "content/posts/plan/index.md")]


def test_texts_of_the_interface_that_git_lfs_keeps_are_called_that(site: Path, cms: Cms) -> None:
    (site / "i18n").mkdir()
    (site / "i18n/en.toml").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    [said] = {(p["code"], p["message"].partition(";")[0]) for p in cms("check")[1]["problems"] if p["place"].startswith("i18n")}
    assert said == ("strings.unreadable", "it is a pointer of Git LFS and not the file itself")


def test_a_picture_of_an_author_and_a_canonical_address_that_nothing_answers_to_are_told(site: Path, cms: Cms) -> None:
    (site / "content/authors").mkdir(exist_ok=True)
    (site / "content/authors/ada.md").write_text("---\ntitle: Ada\navatar: nope.png\n---\n")
    (site / "content/authors/bob.md").write_text("---\ntitle: Bob\nimage: nope.png\navatar: https://a.org/b.png\n---\n")
    for slug, canonical in {"a": "/nope/", "b": "https://elsewhere.org/x/", "c": "/2025/03/a/"}.items():
        (site / f"content/posts/{slug}.md").write_text(f"---\ntitle: P\ndate: 2025-03-02\ncanonical: {canonical}\n---\n")
    result = cms("check")[1]
    assert sorted(codes(result, "content.dangling")) == [
        ("content.dangling-image", "content/authors/ada.md"),
        ("content.dangling-image", "content/authors/bob.md"),
        ("content.dangling-link", "content/posts/a.md"),
    ]
    assert all(p["line"] for p in result["problems"] if p["code"].startswith("content.dangling"))


def test_an_id_of_raw_html_that_the_theme_gives_to_something_else_is_told(site: Path, cms: Cms) -> None:
    (site / "content/posts/ids.md").write_text(
        '---\ntitle: P\ndate: 2025-03-02\n---\n## Main\n\n<p id="own">a</p>\n\n<p class="x" id=main>a</p>\n\n<b id="main-note">x</b>\n'
    )
    found = [(p["place"], p["line"], p["severity"]) for p in cms("check")[1]["problems"] if p["code"] == "content.same-id"]
    assert found == [("content/posts/ids.md", 9, "warning")]
