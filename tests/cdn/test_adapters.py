"""Each kind of CDN is told in its own words, over HTTP; CloudFront by boto3 to moto's server."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cms_ssg.config.load import load_settings
from cms_ssg.publish.cdn import Address, Cdn, CdnError, Pace
from cms_ssg.publish.cloudflare import CloudflareCdn
from cms_ssg.publish.fastly import FastlyCdn
from cms_ssg.publish.open_cdn import open_cdn
from cms_ssg.publish.request import parse_retry_after
from cms_ssg.publish.tags import MOST_BYTES, cache_tags, entry_tag, list_tag, page_tag, site_tag
from cms_ssg.reads import ADDRESS, CARD, FULL, LIST, entry_key, name_key
from tests.cdn.fake_cdn import FakeCdn, HandClock
from tests.engine.siteonpage import SiteOnPage
from tests.engine.worksite import SITE


def open_from(toml: str, tmp_path: Any, environ: dict[str, str], clock: HandClock) -> Cdn:
    (tmp_path / "site.toml").write_text(toml)
    cdn = open_cdn(load_settings(tmp_path, {}), environ, clock)
    assert cdn is not None
    return cdn


def test_cloudflare_is_told_urls_prefixes_and_tags_below_the_base_url(fake: FakeCdn) -> None:
    cdn = CloudflareCdn(fake.api_url, "z1", "secret-of-cloudflare", "pro", Address.of("https://example.org/blog"), HandClock())
    cdn.purge_pages(["/", "/été/", "/a b/"])
    cdn.purge_folders(["/posts/", "/"])
    cdn.purge_tags(["e1", "e2"])
    cdn.purge_all()
    assert fake.calls == [
        ("files", ["https://example.org/blog/", "https://example.org/blog/%C3%A9t%C3%A9/", "https://example.org/blog/a%20b/"]),
        ("prefixes", ["example.org/blog/posts", "example.org/blog"]),
        ("tags", ["e1", "e2"]),
        ("purge_everything", []),
    ]
    assert fake.asked[0][0] == "/-api/zones/z1/purge_cache"


@pytest.mark.parametrize("plan", ["free", "pro", "business", "enterprise"])
def test_hundreds_of_calls_by_tag_keep_the_bucket_of_each_plan(plan: str, fake: FakeCdn) -> None:
    clock = HandClock()
    fake.use(plan, clock)
    cdn = CloudflareCdn(fake.api_url, "z1", "secret-of-cloudflare", plan, Address.of("https://example.org"), clock)
    cdn.purge_tags([f"e{n}" for n in range(20_000)])
    cdn.purge_pages([f"/{n}/" for n in range(cdn.pages_a_call)])
    assert (fake.refusals, len(fake.calls)) == (0, 201)


def test_answer_of_cloudflare_that_is_no_success_is_an_error(fake: FakeCdn) -> None:
    cdn = CloudflareCdn(fake.api_url, "z1", "secret-of-cloudflare", "pro", Address.of("https://example.org"), HandClock())
    for answer, again in (
        ((200, {}, {"success": False, "errors": []}), False),
        ((502, {}, b"<html>"), True),
        ((302, {"Location": "/"}, b""), False),
    ):
        fake.answers = [answer]
        with pytest.raises(CdnError) as caught:
            cdn.purge_pages(["/"])
        assert caught.value.again is again
    assert fake.calls == [], "no redirect was followed"


def test_fastly_is_told_256_keys_at_once_where_pages_carry_them(fake: FakeCdn) -> None:
    cdn = FastlyCdn(fake.api_url, "s1", "secret-of-fastly", "blog", Address.of("https://example.org"), HandClock())
    paths = [f"/{n}/" for n in range(300)]
    cdn.purge_pages(paths)
    cdn.purge_folders(["/"])
    assert [len(keys) for _, keys in fake.calls] == [256, 44, 1]
    assert fake.calls[0][1][0] == page_tag("/0/", "blog") and fake.calls[2] == ("keys", [site_tag("blog")])
    assert {path for path, _ in fake.asked} == {"/-api/service/s1/purge"}


def test_fastly_is_told_url_by_url_where_pages_carry_no_keys(fake: FakeCdn) -> None:
    cdn = FastlyCdn(fake.api_url, "s1", "secret-of-fastly", "", Address.of("https://example.org/blog"), HandClock())
    cdn.purge_pages(["/", "/x/"])
    cdn.purge_folders(["/"])
    assert fake.calls == [("url", ["http://example.org/blog/"]), ("url", ["http://example.org/blog/x/"]), ("all", [])]


def test_fastly_takes_no_more_than_100_000_purges_in_any_hour(fake: FakeCdn) -> None:
    clock = HandClock()
    cdn = FastlyCdn(fake.api_url, "s1", "secret-of-fastly", "blog", Address.of("https://example.org"), clock)
    began = clock.now()
    for _ in range(30):
        cdn.purge_tags([f"k{n}" for n in range(5_000)])
    assert (clock.now() - began).total_seconds() > 3600 * (150_000 - 100_000) / 100_000


def test_fastly_shows_no_token_when_it_refuses(fake: FakeCdn) -> None:
    cdn = FastlyCdn(fake.api_url, "s1", "wrong-secret", "", Address.of("https://example.org"), HandClock())
    with pytest.raises(CdnError, match=r"401 from Fastly: no such token \*\*\*") as caught:
        cdn.purge_pages(["/"])
    assert not caught.value.again


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, str]:
    """(a client, the id of a distribution) at moto's server."""
    import boto3

    for name, value in {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_ENDPOINT_URL": moto_url,
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("cloudfront", region_name="us-east-1")
    behaviour = {"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all", "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
                 "MinTTL": 0}  # fmt: skip
    origins = {"Quantity": 1, "Items": [{"Id": "o", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}]}
    made = client.create_distribution(DistributionConfig={
        "CallerReference": secrets.token_hex(8), "Origins": origins, "DefaultCacheBehavior": behaviour, "Comment": "", "Enabled": True,
    })  # fmt: skip
    return client, made["Distribution"]["Id"]


def read_invalidations(client: Any, distribution: str) -> list[list[str]]:
    """The paths of every invalidation, sorted."""
    listed = client.list_invalidations(DistributionId=distribution)["InvalidationList"].get("Items", [])
    found = (client.get_invalidation(DistributionId=distribution, Id=row["Id"]) for row in listed)
    return sorted(sorted(one["Invalidation"]["InvalidationBatch"]["Paths"]["Items"]) for one in found)


def test_build_behind_cloudfront_invalidates_a_page_and_what_its_path_stands_for(
    aws: tuple[Any, str], make_site: Callable[[str], SiteOnPage]
) -> None:
    client, distribution = aws
    site = make_site(SITE)
    with (site.root / "site.toml").open("a") as file:
        file.write(f'\n[cdn]\nkind = "cloudfront"\ndistribution = "{distribution}"\npreload = 0\npurge_collapse_at = 10\n')
    assert site.build().result.problems == []
    assert read_invalidations(client, distribution) == [["/*"]], "a first build is more than may go one by one"
    site.query("DELETE FROM cms.purges")
    site.edit("content/pages/about.md", "All about it.", "More about it.")
    built = site.build()
    assert built.result.problems == [] and built.result.purged >= 1
    assert [path for path in sorted(read_invalidations(client, distribution)[1]) if "about" in path] == ["/about/", "/about/index.html"]


def test_cloudfront_says_what_is_wrong_without_a_secret(aws: tuple[Any, str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cdn = open_from('[cdn]\nkind = "cloudfront"\ndistribution = "ENONE"\n', tmp_path, {}, HandClock())
    with pytest.raises(CdnError, match="NoSuchDistribution") as caught:
        cdn.purge_pages(["/"])
    assert not caught.value.again
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    dead = open_from('[cdn]\nkind = "cloudfront"\ndistribution = "ENONE"\n', tmp_path, {}, HandClock())
    with pytest.raises(CdnError, match="could not be asked") as caught:
        dead.purge_pages(["/"])
    assert caught.value.again


def test_cloudfront_that_has_too_many_invalidations_in_progress_is_asked_later(
    fake: FakeCdn, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL": fake.url}.items():
        monkeypatch.setenv(name, value)
    xml = b"<ErrorResponse><Error><Type>Sender</Type><Code>TooManyInvalidationsInProgress</Code><Message>full</Message></Error></ErrorResponse>"
    fake.answers = [(400, {"Content-Type": "text/xml"}, xml)]
    cdn = open_from('[cdn]\nkind = "cloudfront"\ndistribution = "E1"\n', tmp_path, {}, HandClock())
    with pytest.raises(CdnError, match="full") as caught:
        cdn.purge_pages(["/"])
    assert (caught.value.again, caught.value.after_s, caught.value.status) == (True, 15.0, 0)


def test_pace_lets_a_burst_through_and_then_no_more_than_the_rate() -> None:
    clock = HandClock()
    pace = Pace(clock, 2.0, 10)
    for _ in range(10):
        pace.wait()
    assert clock.slept == 0
    for _ in range(10):
        pace.wait()
    assert clock.slept == pytest.approx(5)
    pace.wait(100)
    assert clock.slept == pytest.approx(10), "more than the bucket holds is sent when it is full"


def test_retry_after_is_a_number_or_a_date() -> None:
    assert parse_retry_after({"retry-after": "120"}) == 120
    assert parse_retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert parse_retry_after({"retry-after": "Fri, 21 Oct 2999 07:28:00 GMT"}) > 1e9
    assert parse_retry_after({"retry-after": "soon"}) == parse_retry_after({}) == 0


def test_tags_name_site_page_lists_and_entries_and_nothing_else() -> None:
    reads = [name_key("template/base.html"), entry_key(CARD, 7), entry_key(FULL, 7), entry_key(ADDRESS, 9), entry_key(LIST, 7)]
    assert cache_tags(reads, site="blog", path="/a/") == (
        site_tag("blog"),
        page_tag("/a/", "blog"),
        list_tag(7),
        entry_tag(7),
        entry_tag(9),
    )
    assert cache_tags(reversed(reads)) == cache_tags(reads)
    assert len({site_tag("x"), page_tag("x", ""), entry_tag(7), list_tag(7)}) == 4
    assert cache_tags([]) == ()


def test_tags_of_a_page_that_shows_very_much_fit_into_an_objects_metadata() -> None:
    tags = cache_tags((entry_key(CARD, n) for n in range(5000)), site="blog", path="/")
    assert tags[:2] == (site_tag("blog"), page_tag("/", "blog"))
    assert MOST_BYTES - 12 <= len(",".join(tags)) <= MOST_BYTES
    assert all(tag.isalnum() and tag.isascii() for tag in tags)
