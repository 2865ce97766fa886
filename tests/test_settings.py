"""site.toml to settings: defaults, environments, variables, and errors that name file, line and the right word."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.config.load import load_settings
from cms_ssg.config.settings import (
    AnswerCache,
    Api,
    Collection,
    Home,
    Images,
    Limits,
    Locale,
    Mail,
    Markdown,
    MenuItem,
    Preview,
    Receiver,
    Search,
    Settings,
    Statistics,
    Taxonomy,
    TypeList,
    Visitors,
    Webhook,
    Workers,
)  # fmt: skip
from cms_ssg.config.tables import OWN_VARIABLES, VARIABLES
from cms_ssg.config.target_settings import Cache, Cdn, Headers, Target
from cms_ssg.config.toml_lines import list_key_lines
from cms_ssg.errors import CmsError


def load(root: Path, text: str, environ: dict[str, str] | None = None, env: str = "") -> Settings:
    (root / "site.toml").write_text(text, encoding="utf-8")
    return load_settings(root, environ or {}, env)


def list_problems(root: Path, text: str, environ: dict[str, str] | None = None, env: str = "") -> list[tuple[str, str, int]]:
    with pytest.raises(CmsError) as caught:
        load(root, text, environ, env)
    return [(problem.code, problem.place, problem.line) for problem in caught.value.problems]


def first_problem(root: Path, text: str) -> str:
    with pytest.raises(CmsError) as caught:
        load(root, text)
    return str(caught.value.problems[0])


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("title = The Slow Atlas", 'A text stands in quotes: title = "The Slow Atlas"'),
        ("title: Atlas", 'Keys are followed by an equals sign: title = "Atlas"'),
        ('title: "Atlas"', 'Keys are followed by an equals sign: title = "Atlas"'),
        ("title = “Atlas”", 'The quotes are straight ones: title = "Atlas"'),
        ("title = ‘The Slow Atlas’  # mine", 'The quotes are straight ones: title = "The Slow Atlas"'),
        ("noindex = Yes", "Write noindex = true, or false."),
        ("= 1", "https://toml.io"),
    ],
)
def test_what_is_no_toml_is_told_with_its_line_and_how_it_is_written(tmp_path: Path, text: str, hint: str) -> None:
    with pytest.raises(CmsError) as caught:
        load(tmp_path, f'name = "a"\n{text}\n')
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.hint) == ("settings.toml", 2, hint)


def test_empty_site_toml_gives_one_english_locale_and_the_default_collections(tmp_path: Path) -> None:
    settings = load(tmp_path, "")
    (locale,) = settings.locales
    assert (locale.code, locale.name, locale.dir, locale.prefix, locale.hreflang) == ("en", "English", "ltr", "", "en")
    assert [(rule.name, rule.path, rule.type, rule.url) for rule in settings.collection] == [
        ("posts", "content/posts", "post", ""),
        ("authors", "content/authors", "author", ""),
        ("pages", "content/pages", "page", ""),
        ("terms", "content/terms", "term", ""),
    ]
    assert settings.taxonomies["tag"].index == "/tags/"
    assert settings.target.url == "folder:build"


def test_locales_get_prefix_direction_and_own_name(tmp_path: Path) -> None:
    settings = load(tmp_path, 'locales = ["en", "ar", "pt-BR", "xx"]')
    assert [(locale.code, locale.prefix, locale.dir, locale.name, locale.hreflang) for locale in settings.locales] == [
        ("en", "", "ltr", "English", "en"),
        ("ar", "/ar", "rtl", "العربية", "ar"),
        ("pt-br", "/pt-br", "ltr", "Português (Brasil)", "pt-BR"),
        ("xx", "/xx", "ltr", "xx", "xx"),
    ]


def test_first_locale_may_have_a_prefix_and_fallback_is_kept(tmp_path: Path) -> None:
    settings = load(tmp_path, '[[locales]]\ncode = "en"\nprefix = "/en"\n[[locales]]\ncode = "fa"\nfallback = "page"\n')
    assert [(locale.prefix, locale.fallback, locale.dir) for locale in settings.locales] == [("/en", "none", "ltr"), ("/fa", "page", "rtl")]


def test_own_collection_replaces_default_ones_of_its_name_or_folder_only(tmp_path: Path) -> None:
    settings = load(tmp_path, '[[collection]]\nname = "recipes"\npath = "content/recipes"\n')
    assert [rule.name for rule in settings.collection] == ["recipes", "posts", "authors", "pages", "terms"]
    settings = load(tmp_path, '[[collection]]\nname = "all"\npath = "content"\n')
    assert [rule.name for rule in settings.collection] == ["all"]
    settings = load(tmp_path, '[[collection]]\nname = "all"\npath = "."\n')
    assert [rule.name for rule in settings.collection] == ["all"]


def test_taxonomies_override_add_and_take_away(tmp_path: Path) -> None:
    settings = load(
        tmp_path, '[taxonomies]\nseries = false\n[taxonomies.tag]\npage_size = 7\n[taxonomies.mood]\nfield = "mood"\nurl = "/m/{slug}/"\n'
    )
    assert sorted(settings.taxonomies) == ["author", "mood", "section", "tag"]
    assert (settings.taxonomies["tag"].page_size, settings.taxonomies["tag"].url) == (7, "/tags/{slug}/")


@pytest.mark.parametrize("place", ["", "/", "ab", "pages//a", "pages/../a", "pages/..", "pages/./a", "pages/a b", "Pages/a"])
def test_bucket_or_prefix_that_can_be_none_is_refused(tmp_path: Path, place: str) -> None:
    assert list_problems(tmp_path, f'target = "s3://{place}"') == [("settings.wrong-value", "site.toml", 1)]
    assert load(tmp_path, 'target = "s3://pages/.a/..b/c..d"').target.url.endswith("c..d")


def test_slashes_at_the_end_make_no_other_target(tmp_path: Path) -> None:
    assert load(tmp_path, 'target = "s3://pages/brand//"').target.url == "s3://pages/brand"
    assert load(tmp_path, '[target]\nurl = "s3://pages/"').target.url == "s3://pages"
    assert load(tmp_path, 'target = "folder:out/"').target.url == "folder:out"


def test_environment_table_overrides_base_url_target_and_noindex(tmp_path: Path) -> None:
    text = 'base_url = "https://a.org"\n[params]\nx = 1\ny = 2\n[env.staging]\nbase_url = "https://s.a.org/"\nnoindex = true\n'
    text += 'target = "folder:out"\nparams.x = 3\n'
    assert load(tmp_path, text).noindex is False
    for settings in (load(tmp_path, text, env="staging"), load(tmp_path, text, {"CMS_ENV": "staging"})):
        assert (settings.base_url, settings.noindex, settings.target.url) == ("https://s.a.org", True, "folder:out")
        assert settings.params == {"x": 3, "y": 2}


def test_variables_win_over_the_file(tmp_path: Path) -> None:
    environ = {
        "CMS_BASE_URL": "https://v.org", "CMS_PAGE_SIZE": "5", "CMS_NOINDEX": "1", "CMS_TARGET": "folder:/srv/www",
        "CMS_FEEDS": "rss, json", "CMS_DATABASE_URL": "postgresql://x", "CMS_SOMEBODY_ELSES": "x",
    }  # fmt: skip
    settings = load(tmp_path, 'base_url = "https://a.org"\n', environ)
    assert (settings.base_url, settings.page_size, settings.noindex) == ("https://v.org", 5, True)
    assert (settings.target.url, settings.feeds, settings.database_url) == ("folder:/srv/www", ("rss", "json"), "postgresql://x")


def test_wrong_variable_is_named(tmp_path: Path) -> None:
    assert list_problems(tmp_path, "", {"CMS_PAGE_SIZE": "many"}) == [("settings.wrong-value", "CMS_PAGE_SIZE", 0)]
    assert list_problems(tmp_path, "", {"CMS_BASEURL": "x"}) == [("settings.unknown-variable", "", 0)]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ('titel = "x"', "settings.unknown-key", 1),
        ('title = "x"\n\n# page_siz = 3\n"page_size" = "many"', "settings.wrong-value", 4),
        ("page_size = 0", "settings.wrong-value", 1),
        ('[[collection]]\nname = "a"\n[[collection]]\nname = "b"\ntyp = "x"', "settings.unknown-key", 5),
        ('[[collection]]\ntype = "post"', "settings.wrong-value", 1),
        ('description = """\nbase_url = 3\n"""\nbase_url = "nowhere"', "settings.wrong-value", 4),
        ('markdown.typografer = true', "settings.unknown-key", 1),
        ('[markdown]\nraw_html = "sanitised"', "settings.wrong-value", 2),
        ('[menus]\nmain = [\n  {title = "a", url = "/"},\n  {title = "b", urll = "/"},\n]', "settings.unknown-key", 4),
        ('[menus]\nmain = [\n  {title = "a", url = "/"},\n  {title = "b"},\n]', "settings.wrong-value", 4),
        ('[env.staging]\nnoindx = true', "settings.unknown-key", 2),
        ('[env.staging]\nnoindex = "yes"', "settings.wrong-value", 2),
        ("env = 3", "settings.wrong-value", 1),
        ('name = "My Site"', "settings.wrong-value", 1),
        ('base_url = "https://a.org/?x=1"', "settings.wrong-value", 1),
        ('timezone = "Europe/Rom"', "settings.wrong-value", 1),
        ('timezone = "../../etc/passwd"', "settings.wrong-value", 1),
        ('locales = ["en", "en"]', "settings.wrong-value", 1),
        ('[[locales]]\ncode = "en"\n[[locales]]\ncode = "it"\nprefix = ""', "settings.wrong-value", 5),
        ('[[collection]]\nname = "a"\npath = "../x"', "settings.wrong-value", 3),
        ('[[collection]]\nname = "a"\nurl = "/{slug/"', "settings.wrong-value", 3),
        ('[[collection]]\nname = "a"\ndate = "path:(?P<year>x)"', "settings.wrong-value", 3),
        ('[[collection]]\nname = "a"\nsplit = { tags = "(" }', "settings.wrong-value", 3),
        ('[taxonomies.x]\nfield = "x"\nurl = "/x/{year}/"', "settings.wrong-value", 3),
        ('[home]\nurl = "/blog"', "settings.wrong-value", 2),
        ('[home]\nurl = "/{slug}/"', "settings.wrong-value", 2),
        ('[redirects]\n"old" = "/new/"', "settings.wrong-value", 2),
        ('target.url = "s3:x"', "settings.wrong-value", 1),
        ('target.url = "folder:."', "settings.wrong-value", 1),
        ('target.url = "folder:../.."', "settings.wrong-value", 1),
        ('target.url = "folder:a\\u0000b"', "settings.wrong-value", 1),
        ('target.url = "folder:/"', "settings.wrong-value", 1),
        ('target.url = "folder:/etc"', "settings.wrong-value", 1),
        ('target.url = "folder:/etc/site"', "settings.wrong-value", 1),
        ('target.url = "folder:/home/"', "settings.wrong-value", 1),
        ('target.url = "folder:.cms/pg"', "settings.wrong-value", 1),
        ('target.url = "folder:out/../.GIT/www"', "settings.wrong-value", 1),
        ('target.url = "folder:content/posts/out"', "settings.wrong-value", 1),
        ('target.url = "folder:./static"', "settings.wrong-value", 1),
        ('target.url = "folder:content"', "settings.wrong-value", 1),
        ('base_url = "http://[::1"', "settings.wrong-value", 1),
        ('title = "a\\u0000b"', "settings.wrong-value", 1),
        ('[[menus.main]]\ntitle = "a"\nref = "page:\\u0000"', "settings.wrong-value", 3),
        ('[redirects]\n"/x\\u0000/" = "/"', "settings.wrong-value", 2),
        ('[params]\na = [{ b = "\\u0000" }]', "settings.wrong-value", 2),
        ('[[collection]]\nname = "a"\nglob = ["[", "x"]', "settings.wrong-value", 3),
        ('[[collection]]\nname = "a"\ntypes = { "{a" = "page" }', "settings.wrong-value", 3),
        ('title = "x"\ntitle = "y"', "settings.toml", 2),
        ("title =", "settings.toml", 1),
        ('\n\ntitle = """x\n', "settings.toml", 3),
    ],
)  # fmt: skip
def test_wrong_setting_is_named_with_its_line(tmp_path: Path, text: str, code: str, line: int) -> None:
    assert list_problems(tmp_path, text) == [(code, "site.toml", line)]


def test_nearest_right_name_is_offered(tmp_path: Path) -> None:
    assert (
        first_problem(tmp_path, "pagesize = 3") == 'site.toml:1: unknown key "pagesize" [settings.unknown-key]\n  Did you mean "page_size"?'
    )
    assert 'Did you mean "atom"?' in first_problem(tmp_path, 'feeds = ["atum"]')
    assert 'Did you mean "Europe/Lisbon"?' in first_problem(tmp_path, 'timezone = "Europe/Lisboa"')


def test_all_problems_are_said_at_once(tmp_path: Path) -> None:
    assert len(list_problems(tmp_path, 'titel = "x"\npage_size = "x"\n[[collection]]\nnam = "x"')) == 4


def test_folder_without_site_toml_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CmsError, match=r"cms init") as caught:
        load_settings(tmp_path, {})
    assert caught.value.problems[0].code == "settings.no-site"


def test_unknown_environment_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(CmsError, match=r"\[env.staging\]"):
        load(tmp_path, "[env.staging]\nnoindex = true", env="production")


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"title = '\xe9'", b"[" * 5000, b"a = " + b"[" * 5000, b"x" * 2_000_000, b"\x00"])
def test_broken_bytes_are_an_error_not_a_traceback(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "site.toml").write_bytes(raw)
    with pytest.raises(CmsError) as caught:
        load_settings(tmp_path, {})
    assert caught.value.problems[0].code == "settings.toml"


def test_byte_order_mark_and_crlf_are_read(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_bytes(b'\xef\xbb\xbftitle = "x"\r\nname = "y"\r\n')
    assert load_settings(tmp_path, {}).title == "x"


KEYS = """a = "# not a comment"  # b = 1
[t]  # [u]
'x y'."z" = '''
[v]
''' # end
list = [
  1, [2,
  {k = 3, l = 4}],
]
[[t.items]]
n = 1
[[t.items]]
n = 2
[t.items.sub]
m = 1979-05-27T07:32:00Z
"""


def test_key_lines_see_through_strings_comments_and_nesting() -> None:
    lines = list_key_lines(KEYS)
    assert (lines[("a",)], lines[("t", "x y", "z")], lines[("t", "list", 1, 1, "l")]) == (1, 3, 8)
    assert [lines[("t", "items", *rest)] for rest in ((0, "n"), (1, "n"), (1, "sub", "m"))] == [11, 13, 15]


@given(st.text(alphabet="[]{}=\"'\n.,#ab1 \\", max_size=60))
def test_any_text_gives_settings_or_a_settings_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    root = tmp_path_factory.getbasetemp() / "any"
    root.mkdir(exist_ok=True)
    try:
        load(root, text)
    except CmsError as caught:
        assert all(problem.code.startswith("settings.") for problem in caught.problems)  # noqa: PT017


def test_setting_of_the_site_below_a_table_is_told_where_it_belongs(tmp_path: Path) -> None:
    assert first_problem(tmp_path, '[[menus.main]]\nurl = "/"\ntheme = "mine"') == (
        'site.toml:3: unknown key "menus.main[0].theme" [settings.unknown-key]\n'
        '  "theme" is a setting of the site: it stands above the first [table] of the file.'
    )


def test_loading_imports_msgspec_and_tomllib_only(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('title = "x"\ntimezone = "Europe/Rome"\n')
    code = "import sys; from pathlib import Path; from cms_ssg.config.load import load_settings; "
    code += f"load_settings(Path({str(tmp_path)!r}), {{}}); print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert "msgspec" in loaded
    assert not loaded & {"yaml", "jinja2", "pydantic", "click", "psycopg", "markdown_it", "zoneinfo", "difflib", "cms_ssg.config.explain"}


SECTIONS = {
    "The site": Settings, "Target": Target, "Cache": Cache, "Headers": Headers, "CDN": Cdn, "Home": Home, "Languages": Locale, "Collections": Collection, "Taxonomies": Taxonomy,
    "Lists of types": TypeList,
    "Menus": MenuItem, "Markdown": Markdown, "Webhooks": Webhook, "Receiver": Receiver, "Workers": Workers, "Images": Images, "Preview": Preview, "Search": Search, "Mail": Mail,
    "API": Api, "Answers": AnswerCache, "Statistics": Statistics, "Visitors": Visitors, "Limits": Limits,
}  # fmt: skip
"""Which section of the page has the table of which struct."""


def read_key_tables(page: str) -> dict[str, dict[str, str]]:
    """Of each section the rows ``| `key` | default | meaning |`` of its last table: key -> default."""
    tables: dict[str, dict[str, str]] = {}
    for section in page.split("\n## ")[1:]:
        _, head, rows = section.rpartition("\n| key | default | meaning |\n| --- | --- | --- |\n")
        if head:
            tables[section.partition("\n")[0]] = dict(re.findall(r"^\| `(\w+)` \| (.*?) \| ", rows, re.MULTILINE))
    return tables


def test_every_setting_and_variable_is_documented_with_its_default() -> None:
    page = (Path(__file__).resolve().parents[1] / "docs/configuration.md").read_text(encoding="utf-8")
    tables = read_key_tables(page)
    assert set(tables) == set(SECTIONS)
    for section, struct in SECTIONS.items():
        fields = {field.name: field for field in msgspec.structs.fields(struct)}
        fields.pop("env", None)  # set by --env and CMS_ENV alone
        fields.pop("vertical", None)  # the tables of verticals, each with a struct of its own
        own_sections = {name for name in fields if f"[{name}]" in page or f"[[{name}]]" in page or f"[[{name}." in page}
        assert set(tables[section]) <= set(fields), section
        assert set(fields) - set(tables[section]) <= (own_sections if struct is Settings else set()), section
        for name, said in tables[section].items():
            default = fields[name].default
            if re.fullmatch("`[^`]*`", said) and default is not msgspec.NODEFAULT:
                shown = msgspec.json.encode(default).decode().replace('","', '", "')
                assert said == f"`{shown}`", f"{section}: {name}"
            assert (said == "required") == fields[name].required, f"{section}: {name}"
    for variable in (*VARIABLES, *OWN_VARIABLES):
        assert f"`{variable}`" in page, variable


def test_examples_of_the_page_are_valid(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[1] / "docs/configuration.md").read_text(encoding="utf-8")
    for example in re.findall(r"```toml\n(.*?)```", page, re.DOTALL):
        load(tmp_path, example)


@pytest.mark.parametrize("text", ["target = 1\n[target]\n", "[target]\n[target]\n", 'title = "a"\ntitle = "b"\n'])
def test_key_or_table_that_is_written_twice_is_said_to_be(tmp_path: Path, text: str) -> None:
    with pytest.raises(CmsError) as caught:
        load(tmp_path, text)
    [problem] = caught.value.problems
    assert (problem.code, problem.line) == ("settings.toml", 2)
    assert "stands in the file already" in problem.hint


@pytest.mark.parametrize("name", ["itself", "above", "link", "other", "link-to-private"])
def test_target_that_is_a_site_or_its_private_files_is_refused_wherever_links_lead(tmp_path: Path, name: str) -> None:
    site, other = tmp_path / "sites/mine", tmp_path / "other"
    for folder in (site / ".git", other):
        folder.mkdir(parents=True)
    (other / "site.toml").touch()
    (site / "link").symlink_to(site)
    (site / "public").symlink_to(site / ".git")
    url = {"itself": "../mine", "above": str(tmp_path), "link": "link", "other": str(other), "link-to-private": "public"}[name]
    with pytest.raises(CmsError) as caught:
        load(site, f'target.url = "folder:{url}"')
    assert caught.value.problems[0].code == "settings.wrong-value"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('theme = "themes/fancy"', 'Write theme = "fancy" for themes/fancy/.'),
        ('theme = "../x"', 'Write theme = "x" for themes/x/.'),
        ('[[locales]]\ncode = "english"', 'is not a language code: "english"'),
        ('[[menus.main]]\ntitle = "x"\nurl = "java\\tscript:alert(1)"', "must be a path or an address"),
    ],
)
def test_what_is_meant_by_a_wrong_name_is_said(tmp_path: Path, text: str, said: str) -> None:
    assert said in first_problem(tmp_path, f"{text}\n")


@pytest.mark.parametrize(("text", "line"), [(f"page_size = {'9' * 5000}", 2), (f"[params]\nn = 0x{'f' * 4000}", 0)])
def test_a_number_that_python_cannot_write_is_told(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(CmsError) as caught:
        load(tmp_path, f'name = "a"\n{text}\n')
    (problem,) = caught.value.problems
    assert (problem.code, problem.line) == ("settings.toml", line)
    assert len(str(problem)) < 200
