"""Every sitemap of a newsroom against schemas of the two protocols."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from tests.engine.siteonpage import SiteOnPage

DATA = Path(__file__).parents[2] / "data"
XS = "http://www.w3.org/2001/XMLSchema"


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """Of sitemaps, with the elements for news in them."""
    root = etree.Element(f"{{{XS}}}schema", nsmap={"xs": XS})
    for space, name in (
        ("http://www.sitemaps.org/schemas/sitemap/0.9", "sitemap"),
        ("http://www.google.com/schemas/sitemap-news/0.9", "sitemap-news"),
    ):
        etree.SubElement(root, f"{{{XS}}}import", namespace=space, schemaLocation=(DATA / f"{name}.xsd").as_uri())
    return etree.XMLSchema(etree.fromstring(etree.tostring(root)))


def test_sitemaps_are_valid_also_with_hard_titles_and_addresses(newsroom: SiteOnPage, schema: etree.XMLSchema) -> None:
    site = newsroom
    site.write_file(
        "content/articles/hard.md",
        "---\ntitle: \"Zoë & 'Co' <b>\\x07 ]]>\"\ndate: 2026-02-28 11:00\nsection: City & Länder\nslug: straße-über\n---\n",
    )
    site.build()
    files = sorted(site.output.glob("*sitemap*.xml"))
    assert {"sitemap.xml", "news-sitemap.xml"} <= {file.name for file in files} and len(files) > 2
    for file in files:
        schema.assertValid(etree.parse(file))
    text = (site.output / "news-sitemap.xml").read_text("utf-8")
    assert "Zoë &amp; 'Co' &lt;b&gt; ]]&gt;" in text


def test_the_schemas_can_fail(schema: etree.XMLSchema) -> None:
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"'
    loc, name = "<loc>http://a.example/</loc>", "<n:publication><n:name>A</n:name><n:language>{}</n:language></n:publication>"
    story = "<n:publication_date>2026-01-01T00:00:00Z</n:publication_date><n:title>T</n:title>"
    for url, is_valid in (
        (f"{loc}<n:news>{name.format('en')}{story}</n:news>", True),
        (f"{loc}<n:news>{name.format('en-GB')}{story}</n:news>", False),
        (f"{loc}<n:news>{story}</n:news>", False),
        ("<loc>/relative</loc>", False),
        (f"{loc}<lastmod>yesterday</lastmod>", False),
        ("<loc>http://a.example/ü</loc>", False),
    ):
        assert schema.validate(etree.fromstring(f"<urlset {spaces}><url>{url}</url></urlset>")) is is_valid, url
