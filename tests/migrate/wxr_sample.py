"""An export of WordPress with every construct that the move knows."""

from __future__ import annotations

from xml.sax.saxutils import escape

HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<!-- generator="WordPress/6.5" created="2024-05-01 10:00" -->
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:wfw="http://wellformedweb.org/CommentAPI/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel>
  <title>River &amp; Sea</title>
  <link>https://old.example/blog</link>
  <description>Notes from the harbour</description>
  <language>en-GB</language>
  <wp:wxr_version>1.2</wp:wxr_version>
  <wp:base_site_url>https://old.example</wp:base_site_url>
  <wp:base_blog_url>https://old.example/blog</wp:base_blog_url>
  <wp:author><wp:author_id>1</wp:author_id><wp:author_login><![CDATA[ada]]></wp:author_login><wp:author_email><![CDATA[ada@old.example]]></wp:author_email>
    <wp:author_display_name><![CDATA[Ada Moss]]></wp:author_display_name></wp:author>
  <wp:category><wp:term_id>2</wp:term_id><wp:category_nicename><![CDATA[news]]></wp:category_nicename><wp:category_parent><![CDATA[]]></wp:category_parent>
    <wp:cat_name><![CDATA[News & Views]]></wp:cat_name><wp:category_description><![CDATA[What <b>happens</b>.]]></wp:category_description></wp:category>
  <wp:category><wp:term_id>3</wp:term_id><wp:category_nicename><![CDATA[floods]]></wp:category_nicename><wp:category_parent><![CDATA[news]]></wp:category_parent>
    <wp:cat_name><![CDATA[Floods]]></wp:cat_name></wp:category>
  <wp:tag><wp:term_id>4</wp:term_id><wp:tag_slug><![CDATA[high-water]]></wp:tag_slug><wp:tag_name><![CDATA[High water]]></wp:tag_name></wp:tag>
  <wp:term><wp:term_id>5</wp:term_id><wp:term_taxonomy><![CDATA[nav_menu]]></wp:term_taxonomy><wp:term_slug><![CDATA[top]]></wp:term_slug><wp:term_name><![CDATA[Top]]></wp:term_name></wp:term>
"""

TERMS = (
    '<category domain="category" nicename="floods"><![CDATA[Floods]]></category>'
    '<category domain="post_tag" nicename="high-water"><![CDATA[High water]]></category>'
    '<category domain="river_name" nicename="elbe"><![CDATA[Elbe]]></category>'
)

BLOCKS = """<!-- wp:paragraph -->
<p>The <strong>river</strong> rises, see <a href="https://old.example/blog/about/">about</a> and <a href="https://old.example/blog/?p=11">the classic</a>. 5 * 3 {{&lt; x &gt;}}</p>
<!-- /wp:paragraph -->

<!-- wp:heading {"level":3} -->
<h3 class="wp-block-heading" id="what-now">What now?</h3>
<!-- /wp:heading -->

<!-- wp:list --><ul class="wp-block-list"><!-- wp:list-item --><li>one</li><!-- /wp:list-item --><!-- wp:list-item --><li>two</li><!-- /wp:list-item --></ul><!-- /wp:list -->

<!-- wp:image {"id":20} -->
<figure class="wp-block-image"><img src="https://old.example/blog/wp-content/uploads/2024/04/gauge-300x200.png" alt="A gauge"/></figure>
<!-- /wp:image -->

<!-- wp:image {"id":20} -->
<figure class="wp-block-image"><img src="https://old.example/blog/wp-content/uploads/2024/04/gauge.png" alt=""/>
<figcaption class="wp-element-caption">The gauge at noon</figcaption></figure>
<!-- /wp:image -->

<!-- wp:code -->
<pre class="wp-block-code"><code>if (a &lt; b) { [not_a_shortcode] }</code></pre>
<!-- /wp:code -->

<!-- wp:table --><figure class="wp-block-table"><table><thead><tr><th>Day</th><th>Level</th></tr></thead>
<tbody><tr><td>Mon</td><td>3 m</td></tr></tbody></table></figure><!-- /wp:table -->

<!-- wp:embed {"url":"https://video.example/watch?v=1","type":"video"} -->
<figure class="wp-block-embed"><div class="wp-block-embed__wrapper">
https://video.example/watch?v=1
</div></figure>
<!-- /wp:embed -->

<!-- wp:block {"ref":30} /-->
<!-- wp:block {"ref":31} /-->
<!-- wp:latest-posts {"postsToShow":3} /-->
<!-- wp:details --><details class="wp-block-details"><summary>More</summary><!-- wp:paragraph --><p>Hidden</p><!-- /wp:paragraph --></details><!-- /wp:details -->
<!-- wp:html --><p onclick="steal()">Raw</p><script>alert(1)</script><!-- /wp:html -->
<!-- wp:acme/chart {"kind":"bar"} --><div class="acme-chart">Chart text</div><!-- /wp:acme/chart -->
<!-- wp:group --><div class="wp-block-group"><!-- wp:quote -->
<blockquote class="wp-block-quote"><!-- wp:paragraph --><p>Said so</p><!-- /wp:paragraph --></blockquote>
<!-- /wp:quote --></div><!-- /wp:group -->"""

CLASSIC = """First paragraph with a
line break [sic] and [1].

[caption id="attachment_20" align="alignnone" width="300"]<img src="https://old.example/blog/wp-content/uploads/2024/04/gauge.png" alt="g" /> A caption[/caption]

Second.<!--more-->

https://video.example/watch?v=2

[gallery ids="20"]
[contact-form-7 id="9" title="Contact"]
[acme_box color="red"]Boxed text[/acme_box]
[[gallery]]
[code lang="php"]echo "<b>";[/code]
<ul>
<li>a</li>
<li>b</li>
</ul>
<!--nextpage-->
Second page with </item> in it"""


def item(
    number: int, kind: str = "post", *, title: str = "", link: str = "", content: str = "", status: str = "publish", more: str = ""
) -> str:
    day = f"2024-04-{number % 27 + 1:02d} 09:00:00"
    slug = link.rstrip("/").rpartition("/")[2] or f"item-{number}"
    cdata = content.replace("]]>", "]]]]><![CDATA[>")
    return f"""  <item>
    <title>{escape(title) or f"{kind} {number}"}</title>
    <link>{link or f"https://old.example/blog/2024/04/{slug}/"}</link>
    <dc:creator><![CDATA[ada]]></dc:creator>
    <guid isPermaLink="false">https://old.example/blog/?p={number}</guid>
    <content:encoded><![CDATA[{cdata}]]></content:encoded>
    <excerpt:encoded><![CDATA[]]></excerpt:encoded>
    <wp:post_id>{number}</wp:post_id>
    <wp:post_date>{day}</wp:post_date>
    <wp:post_date_gmt>{day}</wp:post_date_gmt>
    <wp:post_name><![CDATA[{slug}]]></wp:post_name>
    <wp:status>{status}</wp:status>
    <wp:post_type>{kind}</wp:post_type>
    {more}
  </item>
"""


def meta(name: str, value: str) -> str:
    return f"<wp:postmeta><wp:meta_key><![CDATA[{name}]]></wp:meta_key><wp:meta_value><![CDATA[{value}]]></wp:meta_value></wp:postmeta>"


def menu_line(number: int, kind: str, object_id: int, title: str, url: str = "", below: int = 0) -> str:
    values = {"type": kind, "object_id": str(object_id), "url": url, "menu_item_parent": str(below)}
    metas = "".join(meta(f"_menu_item_{name}", value) for name, value in values.items())
    place = '<category domain="nav_menu" nicename="top"><![CDATA[Top]]></category>'
    return item(
        number,
        "nav_menu_item",
        title=title,
        link=f"https://old.example/blog/?p={number}",
        more=f"<wp:menu_order>{number}</wp:menu_order>{place}{metas}",
    ).replace(f"<title>nav_menu_item {number}</title>", "<title></title>")


COMMENT = "<wp:comment><wp:comment_id>1</wp:comment_id><wp:comment_content><![CDATA[Nice]]></wp:comment_content></wp:comment>"


def make_export() -> str:
    """The whole file."""
    items = [
        item(10, title="The river rises", link="https://old.example/blog/2024/04/river/", content=BLOCKS,
             more=TERMS + meta("_thumbnail_id", "20") + meta("mood", "calm") + COMMENT),
        item(11, title="Classic", link="https://old.example/blog/2024/04/classic/", content=CLASSIC, more=TERMS + meta("_wp_old_slug", "antique")),
        item(12, "page", title="About", link="https://old.example/blog/about/", content="Who we are."),
        item(13, "page", title="Team", link="https://old.example/blog/about/team/", content="Us."),
        item(14, title="日本", link="https://old.example/blog/2024/04/%e6%97%a5%e6%9c%ac/", content="こんにちは"),
        item(15, title="A draft", link="https://old.example/blog/?p=15", content="Soon", status="draft"),
        item(16, title="Secret", link="https://old.example/blog/2024/04/secret/", content="x", more="<wp:post_password><![CDATA[abc]]></wp:post_password>"),
        item(17, title="Gone", link="https://old.example/blog/2024/04/gone/", content="x", status="trash"),
        item(18, "book", title="A book", link="https://old.example/blog/book/a-book/", content="Pages."),
        item(20, "attachment", title="gauge", link="https://old.example/blog/2024/04/river/gauge/", status="inherit",
             more="<wp:attachment_url>https://old.example/blog/wp-content/uploads/2024/04/gauge.png</wp:attachment_url>" + meta("_wp_attachment_image_alt", "The gauge")),
        item(30, "wp_block", title="Box", content="<!-- wp:paragraph --><p>From the box</p><!-- /wp:paragraph -->"),
        item(31, "wp_block", title="Loop", content='<!-- wp:block {"ref":31} /-->'),
        menu_line(40, "post_type", 12, ""),
        menu_line(41, "taxonomy", 3, ""),
        menu_line(42, "custom", 42, "Elsewhere", "https://else.example/"),
        menu_line(43, "custom", 43, "Below it", "/blog/about/team/", below=42),
        menu_line(44, "custom", 44, "Lower", "/blog/about/", below=43),
    ]  # fmt: skip
    return f"{HEAD}{''.join(items)}</channel>\n</rss>\n"


OLD_ADDRESSES = """/ /2024/04/river/ /2024/04/classic/ /2024/04/classic/2/ /2024/04/antique/ /about/ /about/team/ /2024/04/日本/ /book/a-book/ /2024/04/river/gauge/
/category/news/ /category/news/floods/ /category/floods/ /tag/high-water/ /author/ada/ /river-name/elbe/ /2024/ /2024/04/ /2024/04/11/ /feed/ /2024/04/river/feed/
/category/floods/feed/ /comments/feed/ /wp-content/uploads/2024/04/gauge.png""".split()
