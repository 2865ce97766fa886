"""The code of a template is made once for all themes of a process, as long as its text stays."""

from __future__ import annotations

from pathlib import Path

from cms_ssg.render.theme import Theme


def test_a_template_is_compiled_once_and_again_when_its_text_changes(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("one {{ word }}")
    first, second = (Theme([tmp_path]).get_template("page.html") for _ in range(2))
    assert first is not second
    assert first.root_render_func.__code__ is second.root_render_func.__code__
    file.write_text("two {{ word }}")
    assert Theme([tmp_path]).get_template("page.html").render(word="<") == "two &lt;"
    assert second.render(word="<") == "one &lt;"


def test_templates_of_one_name_in_two_folders_are_two(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page.html").write_text(f"{name} {{{{ 1 // 0 }}}}" if name == "b" else name)
    assert Theme([tmp_path / "a"]).get_template("page.html").render() == "a"
    code = Theme([tmp_path / "b"]).get_template("page.html").root_render_func.__code__
    assert code.co_filename == str(tmp_path / "b/page.html"), "an error names the file that it is in"
