"""What comes from the checkout besides content: one digest a name, and only the names of what changed change."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.config.load import load_settings
from cms_ssg.config.settings import Settings
from cms_ssg.content.frontmatter.parse import parse_front_matter
from cms_ssg.content.frontmatter.values import plain_json
from cms_ssg.engine.inputs import Inputs, list_inputs, read_data
from cms_ssg.errors import CmsError
from cms_ssg.render.theme_chain import theme_chain


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write(
        tmp_path,
        {
            "site.toml": 'title = "x"\nlocales = ["en", "it"]\n[params]\na = 1\nb = 2\n',
            "data/authors.yaml": "ada: {name: Ada}\nbob: {name: Bob}\n",
        },
    )
    return tmp_path


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def settings_of(root: Path) -> Settings:
    return load_settings(root, {})


def read(root: Path, before: Inputs | None = None) -> Inputs:
    return list_inputs(root, settings_of(root), before.known if before else None)


def changed(root: Path, files: dict[str, str], remove: str = "") -> set[str]:
    """Names of the inputs that differ after files are written, read with what was known before."""
    before = read(root)
    write(root, files)
    if remove:
        (root / remove).unlink()
    after = read(root, before)
    assert after.digests == read(root).digests, "what was known before must not change the result"
    return {name for name in before.digests.keys() | after.digests.keys() if before.digests.get(name) != after.digests.get(name)}


def test_inputs_have_one_name_a_thing(site: Path) -> None:
    names = read(site).digests.keys()
    assert {
        "setting/title",
        "setting/params",
        "setting/params.a",
        "data/authors",
        "data/authors#ada",
        "template/base.html",
        "renderer",
    } <= names
    assert not [name for name in names if "database_url" in name]
    assert all(len(digest) == 16 for digest in read(site).digests.values())


def test_edited_data_key_changes_that_key_and_the_whole_only(site: Path) -> None:
    assert changed(site, {"data/authors.yaml": "ada: {name: Ada L.}\nbob: {name: Bob}\n"}) == {"data/authors", "data/authors#ada"}


def test_comment_or_order_of_a_data_file_changes_nothing(site: Path) -> None:
    assert changed(site, {"data/authors.yaml": "# people\nbob: {name: Bob}\nada:\n  name: Ada\n"}) == set()


def test_edited_setting_changes_its_key_only(site: Path) -> None:
    text = (site / "site.toml").read_text()
    assert changed(site, {"site.toml": text.replace("b = 2", "b = 3")}) == {"setting/params", "setting/params.b"}
    assert changed(site, {"site.toml": text + '[menus]\nmain = [{title = "x", url = "/"}]\n'}) == {
        "menu/main",
        "menu/main@it",
        "setting/params",
        "setting/params.b",
    }


def test_child_theme_overrides_single_templates(site: Path) -> None:
    theme = 'theme = "mine"\n'
    write(site, {"themes/mine/theme.toml": 'extends = "base"\n', "site.toml": theme})
    before = read(site)
    assert changed(site, {"themes/mine/templates/post.html": "mine"}) == {"template/post.html", "template/parent:post.html"}
    assert changed(site, {}, remove="themes/mine/templates/post.html") == {"template/post.html", "template/parent:post.html"}
    assert read(site).digests == before.digests
    assert changed(site, {"themes/mine/templates/new/x.html": "x", "themes/mine/templates/.x.swp": "x"}) == {"template/new/x.html"}


def test_theme_string_changes_in_the_locale_that_shows_it(site: Path) -> None:
    names = changed(site, {"i18n/it.toml": 'greeting = "ciao"\n'})
    assert names == {"string/it/greeting"}
    assert changed(site, {"i18n/en.toml": 'greeting = "hello"\nbye = "bye"\n'}) == {"string/en/greeting", "string/en/bye", "string/it/bye"}


def test_schema_of_the_site_changes_that_type(site: Path) -> None:
    assert changed(site, {"content_schema/recipe.json": "{}"}) == {"schema/recipe"}


def test_token_changes_stylesheets_not_other_assets(site: Path) -> None:
    write(site, {"themes/mine/assets/x.css": "a{}", "themes/mine/assets/x.js": "1", "site.toml": 'theme = "mine"\n'})
    names = changed(site, {"site.toml": 'theme = "mine"\n[tokens]\naccent = "#123456"\n'})
    assert "asset/x.css" in names
    assert "asset/x.js" not in names
    assert "setting/tokens.accent" in names


def test_bad_data_file_is_named_and_its_last_digests_stay(site: Path) -> None:
    before = read(site)
    write(site, {"data/authors.yaml": "ada: {name: Ada}\nbob: [\n"})
    after = read(site, before)
    assert after.digests.pop("unreadable/data/authors.yaml")  # what failed for it is tried again when this goes
    assert after.digests == before.digests
    (problem,) = after.problems
    assert (problem.code, problem.place, problem.line) == ("data.unreadable", "data/authors.yaml", 3)
    assert read(site, after).digests.keys() - before.digests.keys() == {"unreadable/data/authors.yaml"}
    assert read(site, after).problems == after.problems


def make_bomb(first: str, line: str) -> str:
    """YAML in which every line multiplies the one before by thirty."""
    return first + "".join(line.format(next=number + 1, aliases=", ".join([f"*a{number}"] * 30)) for number in range(9))


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("x.json", '{"a": 1,\n}', 2),
        ("x.json", '{"a": NaN}', 0),
        ("x.toml", "a = 1\na = 2\n", 2),
        ("x.yaml", "a: 1\na: 2\n", 2),
        ("x.yaml", "a: !!python/object:os.system x\n", 1),
        ("x.yaml", "a: 1\n b: 2\n", 2),
        ("x.csv", "a,b\n1,2,3\n", 2),
        ("x.csv", 'a,b\n"1,2\n', 2),
        ("x.csv", "a,a\n1,2\n", 1),
        ("x.yaml", make_bomb("a0: &a0 [1]\n", "a{next}: &a{next} [{aliases}]\n"), 0),
        ("x.json", "[" * 100_000, 0),
        ("x.json", '{"fine": "\\ud83d\\ude00",\n"motto": "caf\\ud83d"}', 2),
        ("x.json", '{"fine": "\\ud83d\\ude00",\n\n"\\uDE00": 1}', 3),
        ("x.json", '{"a": 1,\n"b": 1e999}', 2),
        ("x.json", '{"a": -1E+999}', 1),
        ("x.json", '{"a": "\\u0000"}', 0),
        ("x.toml", "a = 1e999", 0),
        ("x.toml", f"b = 1\na = {'9' * 5000}", 2),
        ("x.toml", f"a = 0x{'f' * 4000}", 0),
        ("x.json", f'{{"a":\n{"9" * 5000}}}', 2),
        ("x.yaml", "a: !!timestamp x\n", 0),
        ("x.yaml", 'a: "\\ud83d"', 1),
        ("x.csv", "a,b\n1,\0\n", 2),
        ("x.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", 0),
    ],
)
def test_unreadable_data_has_a_place(site: Path, name: str, text: str, line: int) -> None:
    write(site, {f"data/{name}": text})
    (problem,) = read(site).problems
    assert (problem.code, problem.place, problem.line) == ("data.unreadable", f"data/{name}", line)


def test_merge_keys_that_multiply_are_refused_or_harmless(site: Path) -> None:
    """PyYAML merges each key once since 6.0.4; before, each line multiplied the one above by thirty."""
    write(site, {"data/x.yaml": make_bomb("a0: &a0 {x: 1}\n", "a{next}: &a{next} {{<<: [{aliases}]}}\n")})
    told = [(problem.code, problem.line) for problem in read(site).problems]
    assert told == [("data.unreadable", 4)] or (told == [] and read_data(site).value("x", "a9") == {"x": 1})


def test_yaml_follows_version_1_2_as_front_matter_does(site: Path) -> None:
    written = """
saturday: 9:00
ratio: 16:9
zip: 01234
octal: 0755
based: 0o17
hex: 0x1F
large: 123456789012345678901234567890
number: 1.5
yes: yes
no: Norway
on: off
true: true
~: tilde
1.10: key
: nothing
none: ~
empty:
text: "1"
binary: 0b11
day: 2020-01-02
over: 1e999
tagged: !!int "0755"
said: !!str 12
base: &base {x: 0o10, no: 1}
merged: {<<: *base, y: 08}
"""
    write(site, {"data/x.yaml": written.replace("\n: nothing", '\n"": nothing')})
    assert read(site).problems == ()
    assert read_data(site).value("x") == {
        "saturday": "9:00", "ratio": "16:9", "zip": 1234, "octal": 755, "based": 15, "hex": 31, "large": "123456789012345678901234567890",
        "number": 1.5, "yes": "yes", "no": "Norway", "on": "off", "true": True, "~": "tilde", "1.10": "key", "": "nothing", "none": None,
        "empty": None, "text": "1", "binary": "0b11", "day": "2020-01-02", "over": "1e999", "tagged": 755, "said": "12",
        "base": {"x": 8, "no": 1}, "merged": {"x": 8, "no": 1, "y": 8},
    }  # fmt: skip


@pytest.mark.parametrize(
    "scalar", ["9:00", "no", "Yes", "0755", "0o17", "1_000", ".5", "1.", "1e3", "null", "TRUE", "0x1F", ".inf", "2020-01-02", "=", "<<"]
)
def test_a_scalar_means_the_same_in_a_data_file_and_in_front_matter(site: Path, scalar: str) -> None:
    write(site, {"data/x.yaml": f"key: {scalar}\nlist: [{scalar}]\n"})
    fields = parse_front_matter(f"---\nkey: {scalar}\nlist: [{scalar}]\n---\n".encode(), "a.md").fields
    assert read_data(site).value("x") == plain_json(fields)


def test_data_is_read_by_name_and_key(site: Path) -> None:
    write(
        site,
        {
            "data/places.csv": "\ufeffname,city\nx,Rome\ny,Oslo\n",
            "data/things.csv": "n,id\n1,a\n2,b\n",
            "data/deep/list.json": '[{"id": "a", "v": 1}, {"id": 2}]',
            "data/days.toml": "d = 2020-01-02\n[t]\nx = 1\n",
            "data/when.yml": "day: 2020-01-02\n3: three\n",
        },
    )
    data = read_data(site)
    assert data.value("authors", "ada") == {"name": "Ada"}
    assert data.value("places", "y") == {"name": "y", "city": "Oslo"}
    assert len(data.value("places")) == 2
    assert data.value("things", "b") == {"n": "2", "id": "b"}
    assert data.value("deep/list", "2") == {"id": 2}
    assert data.value("days", "d") == "2020-01-02"
    assert data.value("days", "t") == {"x": 1}
    assert data.value("when") == {"day": "2020-01-02", "3": "three"}
    assert data.value("nothing") is None
    assert data.value("authors", "zoe") is None


def test_two_data_files_of_one_name_are_reported(site: Path) -> None:
    write(site, {"data/authors.json": "{}"})
    (problem,) = read(site).problems
    assert (problem.code, problem.place, problem.severity) == ("data.duplicate", "data/authors.json", "warning")


def test_data_link_out_of_the_site_is_refused(site: Path) -> None:
    os.symlink("/etc/hostname", site / "data/host.csv")
    (problem,) = read(site).problems
    assert problem.code == "data.unreadable"


@given(st.binary(max_size=200), st.sampled_from(["yaml", "toml", "json", "csv"]))
def test_any_bytes_are_data_or_a_problem(tmp_path_factory: pytest.TempPathFactory, raw: bytes, suffix: str) -> None:
    root = tmp_path_factory.getbasetemp() / "any-data"
    (root / "data").mkdir(parents=True, exist_ok=True)
    (root / f"data/{suffix}.{suffix}").write_bytes(raw)
    try:
        read_data(root).keys(suffix)
    except CmsError as caught:
        codes = {problem.code for problem in caught.problems}
        assert codes == {"data.unreadable"}


def test_reading_again_opens_no_file_that_is_as_it_was_and_imports_little(site: Path) -> None:
    write(site, {f"themes/mine/templates/{number}.html": "x" * 2000 for number in range(30)} | {"site.toml": 'theme = "mine"\n'})
    code = f"""
import sys, pickle
from pathlib import Path
from cms_ssg.config.load import load_settings
from cms_ssg.engine.inputs import list_inputs
root, kept = Path({str(site)!r}), Path({str(site)!r}, "kept")
known = pickle.loads(kept.read_bytes()) if kept.exists() else None
settings = load_settings(root, {{}})
opened = []
sys.addaudithook(lambda event, values: opened.append(str(values[0])) if event == "open" else None)
inputs = list_inputs(root, settings, known)
print(sum("/templates/" in file for file in opened), *sys.modules)
kept.write_bytes(pickle.dumps(inputs.known))
"""
    time.sleep(0.06)
    first, again = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() for _ in range(2)
    )
    assert int(first[0]) > 30
    assert again[0] == "0"
    assert not set(again[1:]) & {"yaml", "jinja2", "pydantic", "markdown_it", "pygments", "cms_ssg.render.strings"}


def test_theme_chain_goes_from_child_to_base(site: Path) -> None:
    write(
        site,
        {
            "site.toml": 'theme = "a"\n',
            "themes/a/theme.toml": 'extends = "b"\n',
            "themes/b/theme.toml": "",
            "themes/alone/theme.toml": 'extends = ""\n',
        },
    )
    assert [path.name for path in theme_chain(site, settings_of(site))] == ["a", "b", "base"]
    write(site, {"site.toml": 'theme = "alone"\n'})
    assert [path.name for path in theme_chain(site, settings_of(site))] == ["alone"]
    write(site, {"site.toml": "", "themes/base/theme.toml": ""})
    assert [path.parent.parent == site for path in theme_chain(site, settings_of(site))] == [True, False]


@pytest.mark.parametrize(
    ("files", "code", "place"),
    [
        ({"site.toml": 'theme = "nope"\n'}, "theme.missing", "site.toml"),
        ({"site.toml": 'theme = "a"\n', "themes/a/theme.toml": 'extends = "nope"'}, "theme.missing", "themes/a/theme.toml"),
        (
            {"site.toml": 'theme = "a"\n', "themes/a/theme.toml": 'extends = "b"', "themes/b/theme.toml": 'extends = "a"'},
            "theme.cycle",
            "themes/b/theme.toml",
        ),
        ({"site.toml": 'theme = "a"\n', "themes/a/theme.toml": "extends = 3"}, "theme.unreadable", "themes/a/theme.toml"),
        ({"site.toml": 'theme = "a"\n', "themes/a/theme.toml": 'extends = "../../etc"'}, "theme.missing", "themes/a/theme.toml"),
    ],
)
def test_broken_theme_chain_is_named(site: Path, files: dict[str, str], code: str, place: str) -> None:
    write(site, files)
    with pytest.raises(CmsError) as caught:
        theme_chain(site, settings_of(site))
    assert (caught.value.problems[0].code, caught.value.problems[0].place) == (code, place)
