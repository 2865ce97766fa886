"""Settings and mapping of an OpenSearch index: how many shards, which analyzer for a language, which fields."""

from __future__ import annotations

from typing import Any, Final

LANGUAGES: Final = {
    "ar": ("arabic", "Arabic"), "ca": ("catalan", "Catalan"), "da": ("danish", "Danish"), "de": ("german", "German2"), "en": ("english", "English"),
    "es": ("spanish", "Spanish"), "eu": ("basque", "Basque"), "fi": ("finnish", "Finnish"), "fr": ("french", "French"), "hu": ("hungarian", "Hungarian"),
    "hy": ("armenian", "Armenian"), "it": ("italian", "Italian"), "nb": ("norwegian", "Norwegian"), "nl": ("dutch", "Dutch"), "no": ("norwegian", "Norwegian"),
    "pt": ("portuguese", "Portuguese"), "ro": ("romanian", "Romanian"), "ru": ("russian", "Russian"), "sv": ("swedish", "Swedish"), "tr": ("turkish", "Turkish"),
}  # fmt: skip
"""Stop words and stemmer of a language, as Lucene names them. Others are compared as they are written."""


def make_layout(locale: str, shards: int, replicas: int) -> dict[str, Any]:
    """Settings and mapping of the index of one language.

    The standard tokenizer keeps ``node.js`` and ``1.74.1`` whole, while a query's words are cut there: the character filter cuts documents too.
    """
    stop, stemmer = LANGUAGES.get(locale.partition("-")[0], ("", ""))
    chain = ["lowercase", "language_stop", "language_snowball"] if stop else ["lowercase"]
    filters: dict[str, Any] = {
        "language_stop": {"type": "stop", "stopwords": f"_{stop}_"}, "language_snowball": {"type": "snowball", "language": stemmer}
    } if stop else {}  # fmt: skip
    return {
        "settings": {
            "number_of_shards": shards,
            "number_of_replicas": replicas,
            "max_result_window": 10_200,
            "analysis": {
                "char_filter": {"split": {"type": "pattern_replace", "pattern": r"(?<=[\p{L}\p{N}])[._,:'’](?=[\p{L}\p{N}])", "replacement": " "}},
                "filter": filters,
                "analyzer": {"content_analyzer": {"type": "custom", "char_filter": ["split"], "tokenizer": "standard", "filter": chain}},
                "normalizer": {"lowercase": {"type": "custom", "filter": ["lowercase"]}},
            },
        },
        "mappings": {
            "dynamic": "strict",
            "dynamic_templates": [{"facets": {"path_match": "facets.*", "mapping": {"type": "keyword", "ignore_above": 1000}}}],
            "properties": {
                "content_id": {"type": "keyword"},
                "content_type": {"type": "keyword"},
                "site_id": {"type": "keyword"},
                "title": {
                    "type": "text",
                    "analyzer": "content_analyzer",
                    "fields": {
                        "keyword": {"type": "keyword", "normalizer": "lowercase"},
                        "suggest": {"type": "completion", "analyzer": "simple", "contexts": [{"name": "site_id", "type": "category", "path": "site_id"}]},
                    },
                },
                "excerpt": {"type": "text", "analyzer": "content_analyzer"},
                "content": {"type": "text", "analyzer": "content_analyzer"},
                "author_id": {"type": "keyword"},
                "categories": {"type": "keyword"},
                "tags": {"type": "keyword"},
                "facets": {"type": "object", "dynamic": True},
                "published_at": {"type": "date", "format": "epoch_second"},
                "updated_at": {"type": "date", "format": "epoch_second"},
                "location": {"type": "geo_point"},
                "price": {"type": "long"},
                "rating": {"type": "float"},
                "popularity": {"type": "float"},
                "stock": {"type": "keyword"},
                "custom_fields": {"type": "object", "enabled": False},
            },
        },
    }  # fmt: skip
