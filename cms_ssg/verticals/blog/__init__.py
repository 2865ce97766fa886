"""Posts and their authors: archives by month, series, and the starter of a blog."""

from pathlib import Path

from cms_ssg.kinds.vertical import Vertical
from cms_ssg.verticals.blog.outputs import MONTHS

VERTICAL = Vertical(
    name="blog",
    folder=Path(__file__).parent,
    lists=(MONTHS,),
    collections=(
        {"name": "posts", "path": "content/posts", "type": "post"},
        {"name": "authors", "path": "content/authors", "type": "author"},
    ),
    taxonomies={
        "author": {"field": "authors", "url": "/authors/{slug}/", "index": "/authors/"},
        "series": {"field": "series", "url": "/series/{slug}/", "sort": ["-weight"]},
    },
)
