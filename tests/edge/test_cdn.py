"""What is printed for CloudFront and Cloudflare: the code is run in node, the stack is read as YAML."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from cms_ssg.edge.cloudflare import write_worker, write_wrangler
from cms_ssg.edge.cloudfront import MOST_CODE_BYTES, write_function, write_keys, write_stack
from cms_ssg.edge.configure import Configuration, Writer, configure
from tests.edge.conftest import BuildSite
from tests.edge.node import CLOUDFLARE, CLOUDFRONT, run_node

MANY = {
    "site.toml": 'base_url = "https://example.org{base}"\nredirect_files = ["old.txt"]\n[redirects]\n"/moved" = "/about/?from=moved"\n'
    '"/elsewhere" = "https://example.com/a$b"\n"/caffè nero" = "/città/"\n',
    "old.txt": "".join(f"/an-old-address/{number:04} /about/\n" for number in range(500)),
}
PLAIN = {"static/CNAME": "example.org\n"}


@pytest.fixture(scope="module", params=["", "/blog"])
def base(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def small(base: str, build_site: BuildSite) -> dict[str, Configuration]:
    return print_all(build_site(base, PLAIN))


def print_all(root: Path) -> dict[str, Configuration]:
    writers: dict[str, Writer] = {
        "function": write_function, "keys": write_keys, "stack": write_stack, "worker": write_worker, "wrangler": write_wrangler,
    }  # fmt: skip
    return {"root": Configuration(str(root), []), **{name: configure(root, "", writer) for name, writer in writers.items()}}


ASKED: list[tuple[str, int, str]] = [
    ("/", 0, "/index.html"),
    ("/about/", 0, "/about/index.html"),
    ("/about", 301, "{base}/about/"),
    ("/citt%C3%A0/", 0, "/citt%C3%A0/index.html"),
    ("/citt%C3%A0", 301, "{base}/citt%C3%A0/"),
    ("/v1.0", 301, "{base}/v1.0/"),
    ("/CNAME", 0, "/CNAME"),
    ("/feed.xml", 0, "/feed.xml"),
    ("/about/index.html", 0, "/about/index.html"),
    ("/moved", 301, "{base}/about/?from=moved"),
    ("/flood/", 301, "{base}/2025/03/flood/"),
    ("/old/flood.html", 301, "{base}/2025/03/flood/"),
    ("/caff%C3%A8%20nero/", 301, "{base}/citt%C3%A0/"),
    ("/elsewhere", 301, "https://example.com/a%24b"),
    ("/2025/03/trashed/", 410, ""),
    ("/2025/03/deleted", 410, ""),
    ("/.env", 404, ""),
    ("/%2eenv", 404, ""),
    ("/.well-known/security.txt", 0, "/.well-known/security.txt"),
    ("/%E0%A4%A", 400, ""),
]


def ask_cloudfront(code: str, base: str, paths: list[tuple[str, Any]], folder: Path, keys: Any = None) -> list[tuple[int, str]]:
    answers = run_node(CLOUDFRONT, [code, [(base + path, query) for path, query in paths], keys], folder)
    return [(a.get("statusCode", 0), a["uri"] if "uri" in a else a["headers"].get("location", {}).get("value", "")) for a in answers]


def test_cloudfront_function_finds_pages_and_sends_old_paths_on(small: dict[str, Configuration], base: str, tmp_path: Path) -> None:
    got = ask_cloudfront(small["function"].text, base, [(path, {}) for path, _, _ in ASKED], tmp_path)
    assert got == [(status, target.format(base=base)) for _, status, target in ASKED]
    query = {"a": {"value": "1", "multiValue": [{"value": "1"}, {"value": "2"}]}, "b": {"value": ""}}
    got = ask_cloudfront(small["function"].text, base, [("/flood", query), ("/moved", query)], tmp_path)
    assert [location for _, location in got] == [f"{base}/2025/03/flood/?a=1&a=2&b", f"{base}/about/?from=moved"]


def test_cloudfront_function_answers_for_nothing_outside_the_sites_path(small: dict[str, Configuration], base: str, tmp_path: Path) -> None:
    if not base:
        pytest.skip("the site has the whole host")
    got = ask_cloudfront(small["function"].text, "", [("/about/", {}), ("/blogger/", {}), ("/blog", {})], tmp_path)
    assert got == [(404, ""), (404, ""), (301, "/blog/")]


def test_many_redirects_go_into_a_key_value_store(build_site: BuildSite, tmp_path: Path) -> None:
    many = print_all(build_site("", MANY))
    keys = json.loads(many["keys"].text)["data"]
    assert len({row["key"] for row in keys}) == len(keys) > 500
    assert many["function"].text.startswith("import cf from 'cloudfront';") and len(many["function"].text) < MOST_CODE_BYTES
    asked: list[tuple[str, Any]] = [("/an-old-address/0499", {}), ("/about/", {}), ("/2025/03/trashed/", {}), ("/caff%C3%A8%20nero/", {})]
    got = ask_cloudfront(many["function"].text, "", asked, tmp_path, keys)
    assert got == [(301, "/about/"), (0, "/about/index.html"), (410, ""), (301, "/citt%C3%A0/")]
    resources = yaml.safe_load(many["stack"].text)["Resources"]
    assert resources["Function"]["Properties"]["FunctionConfig"]["KeyValueStoreAssociations"]
    assert resources["Keys"]["Type"] == "AWS::CloudFront::KeyValueStore"
    assert [problem.code for problem in many["stack"].problems] == ["target.needs-keys"]


def test_stack_holds_the_function_the_headers_and_the_404_page(small: dict[str, Configuration]) -> None:
    resources = yaml.safe_load(small["stack"].text)["Resources"]
    assert resources["Function"]["Properties"]["FunctionCode"].rstrip() == small["function"].text.rstrip()
    assert "Keys" not in resources
    security = resources["Headers"]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 31536000
    assert "'sha256-" in security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    distribution = resources["Distribution"]["Properties"]["DistributionConfig"]
    assert {(row["ErrorCode"], row["ResponseCode"], row["ResponsePagePath"]) for row in distribution["CustomErrorResponses"]} == {
        (403, 404, "/404.html"), (404, 404, "/404.html"),
    }  # fmt: skip
    assert distribution["Aliases"] == ["example.org"]


def test_stack_and_worker_keep_previews_from_caches_and_search_engines(small: dict[str, Configuration], base: str, tmp_path: Path) -> None:
    resources = yaml.safe_load(small["stack"].text)["Resources"]
    (behavior,) = resources["Distribution"]["Properties"]["DistributionConfig"]["CacheBehaviors"]
    assert (behavior["PathPattern"], behavior["ResponseHeadersPolicyId"]) == (f"{base}/_preview/*", {"Ref": "PreviewHeaders"})
    policy = resources["PreviewHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    assert {"Header": "X-Robots-Tag", "Value": "noindex, nofollow", "Override": True} in policy["CustomHeadersConfig"]["Items"]
    assert policy["SecurityHeadersConfig"] == resources["Headers"]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    root, page = Path(small["root"].text), f"https://example.org{base}/_preview/token/about/"
    (root / "build/_preview/token/about").mkdir(parents=True)
    (root / "build/_preview/token/about/index.html").write_text("preview")
    ran = run_node(CLOUDFLARE, [small["worker"].text, str(root), "", [("GET", page, {}), ("GET", page, {})]], tmp_path)
    shutil.rmtree(root / "build/_preview")
    assert ran["log"] == []
    for answer in ran["answers"]:
        assert (answer["status"], answer["body"], answer["headers"]["cache-control"]) == (200, "preview", "private, no-store")
        assert answer["headers"]["x-robots-tag"] == "noindex, nofollow"


def test_worker_serves_pages_redirects_and_errors(small: dict[str, Configuration], base: str, tmp_path: Path) -> None:
    root = Path(small["root"].text)
    asked = [("GET", f"https://example.org{base}{path}", {}) for path, _, _ in ASKED]
    answers = run_node(CLOUDFLARE, [small["worker"].text, str(root), "", asked], tmp_path)["answers"]
    for (path, status, target), answer in zip(ASKED, answers, strict=True):
        assert answer["status"] == (status or 200), path
        assert answer["headers"].get("location", "") == (target.format(base=base) if status == 301 else ""), path
        assert answer["headers"]["strict-transport-security"] == "max-age=31536000", path
    page = answers[1]
    assert page["body"] == (root / "build/about/index.html").read_text("utf-8")
    assert "'sha256-" in page["headers"]["content-security-policy"]
    assert "content-security-policy" not in answers[7]["headers"]


def test_worker_asks_the_bucket_once_and_knows_the_404_page_of_each_language(
    small: dict[str, Configuration], base: str, tmp_path: Path
) -> None:
    root, site = Path(small["root"].text), f"https://example.org{base}"
    asked: list[tuple[str, str, dict[str, str]]] = [
        ("GET", f"{site}/about/?a=1", {}),
        ("GET", f"{site}/about/?b=2", {}),
        ("HEAD", f"{site}/about/", {}),
        ("GET", f"{site}/feed.xml", {"if-none-match": '"feed.xml"'}),
        ("GET", f"{site}/it/niente/", {}),
        ("GET", f"{site}/flood/?a=1&b=2", {}),
        ("POST", f"{site}/about/", {}),
        ("GET", f"http://example.org{base}/about/", {}),
    ]
    ran = run_node(CLOUDFLARE, [small["worker"].text, str(root), "", asked], tmp_path)
    assert [answer["status"] for answer in ran["answers"]] == [200, 200, 200, 304, 404, 301, 405, 301]
    assert ran["log"] == [f"hit {site}/about/"] * 2
    assert ran["answers"][2]["body"] == ""
    assert ran["answers"][4]["body"] == (root / "build/it/404.html").read_text("utf-8")
    assert ran["answers"][5]["headers"]["location"] == f"{base}/2025/03/flood/?a=1&b=2"
    assert ran["answers"][7]["headers"]["location"] == f"https://example.org{base}/about/"


def test_wrangler_settings_name_host_and_bucket(small: dict[str, Configuration]) -> None:
    settings = tomllib.loads(small["wrangler"].text)
    assert settings["routes"] == [{"pattern": "example.org", "custom_domain": True}]
    assert settings["r2_buckets"][0]["binding"] == "BUCKET"
