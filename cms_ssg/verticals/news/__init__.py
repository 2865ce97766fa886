"""News: stories of several types, breaking news, live blogs, related stories and a front page. It builds on the blog's posts and authors."""

from pathlib import Path

from cms_ssg.kinds.vertical import Personal, Vertical, mentions
from cms_ssg.verticals.news.curating import PINS
from cms_ssg.verticals.news.facts import BREAKING, LIVE, MOST_READ
from cms_ssg.verticals.news.live import EVENT, LIVE_EVENTS, LIVE_PINNED, LIVE_UPDATES, UPDATE
from cms_ssg.verticals.news.outputs import OUTPUTS, STORIES, claim_for_entry, claim_for_list, claim_for_site
from cms_ssg.verticals.news.related import RELATED
from cms_ssg.verticals.news.settings import NewsSettings

VERTICAL = Vertical(
    name="news",
    folder=Path(__file__).parent,
    needs=("reviews",),
    outputs=OUTPUTS,
    lists=(STORIES, LIVE_UPDATES, LIVE_PINNED, LIVE_EVENTS),
    rows=(UPDATE, EVENT),
    facts=(BREAKING, LIVE, RELATED, PINS, MOST_READ),
    claims=claim_for_entry,
    list_claims=claim_for_list,
    site_claims=claim_for_site,
    collections=(
        {"name": "articles", "path": "content/articles", "type": "article"},
        {"name": "opinion", "path": "content/opinion", "type": "opinion"},
        {"name": "galleries", "path": "content/galleries", "type": "gallery"},
        {"name": "videos", "path": "content/videos", "type": "video"},
        {"name": "live", "path": "content/live", "type": "live-blog"},
        {"name": "topics", "path": "content/topics", "type": "topic"},
        {"name": "lists", "path": "content/lists", "type": "story-list"},
    ),
    slots={"head": "partials/news-head.html", "top": "partials/breaking.html"},
    templates={"home": "front.html", "section": "section.html"},
    view="cms_ssg.verticals.news.view:NewsView",
    fragments="fragment",
    values=("breaking",),
    settle="cms_ssg.verticals.news.related:settle_related",
    gather="cms_ssg.verticals.news.related:gather_related",
    settings=NewsSettings,
    groups={
        "news": "Show breaking news, and take stories away for good.",
        "live": "Post to live blogs.",
        "list": "Pin and order stories on the front page and in sections.",
        "related": "Relate stories to each other, and explain relations.",
    },
    commands="cms_ssg.verticals.news.commands:COMMANDS",
    desk_pages="cms_ssg.verticals.news.desk:DESK_PAGES",
    tasks="cms_ssg.verticals.news.pushing:TASKS",
    checks="cms_ssg.verticals.news.checks:CHECKS",
    routes=("cms_ssg.verticals.news.api:router", "cms_ssg.verticals.news.desk:router"),
    tables=(
        "breaking_news",
        "breaking_pushes",
        "live_blogs",
        "live_blog_updates",
        "live_blog_events",
        "content_relationships",
        "related_weights",
        "killed",
        "list_pins",
    ),
    derived=("related_stories", "related_terms", "related_boxes", "related_waiting", "related_shares"),
    begin=(
        "cms serve                      # build it, look at it, and see every save\n"
        "cms live start storm-brita     # in another terminal: open pages follow it\n"
        'cms new article "My story" --section City'
    ),
    personal=(
        Personal(
            "SELECT 'live_blog_updates', to_jsonb(u) FROM cms.live_blog_updates u WHERE site = %(site)s AND " + mentions("author_id"),
            ("UPDATE cms.live_blog_updates SET author_id = '' WHERE site = %(site)s AND " + mentions("author_id"),),
        ),
    ),
)
