"""Samples for a site's own templates and types: values that its schemas allow, and shortcodes with any argument."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from markupsafe import Markup

from cms_ssg.render.gallery_samples import FEW_WORDS, Sample

NOT_ENTRIES = frozenset("base home list terms 404 redirect".split())


class AnyValue(dict[str, str]):
    """Named arguments of a shortcode: each has a value."""

    def __missing__(self, name: str) -> str:
        return "Sample"


def add_own_samples(samples: tuple[Sample, ...], templates: Iterable[str], types: Mapping[str, Mapping[str, Any]]) -> Iterator[Sample]:
    """The samples, entries with the fields of their types, and one more for each template that has none.

    templates: names in the theme; types: content type -> field -> its JSON Schema.
    """
    post = next(sample for sample in samples if sample.template == "post.html")
    shown_list = next(sample for sample in samples if sample.name == "Section").values["list"]
    for sample in samples:
        yield _with_fields(sample, types) if "entry" in sample.values else sample
    shown = {sample.template for sample in samples}
    for name in templates:
        folder, _, stem = name.removesuffix(".html").rpartition("/")
        if name in shown or not name.endswith(".html"):
            continue
        if folder == "shortcodes":
            inner = Markup("<p>{}</p>").format(FEW_WORDS)
            values = {**post.values, "args": ["Sample", "Another"], "values": AnyValue(), "inner": inner}
            yield Sample(f"Shortcode {stem}", name, {key: value for key, value in values.items() if key != "entry"})
        elif not folder and stem not in NOT_ENTRIES:
            yield _with_fields(Sample(f"Entry: {stem}", name, {**post.values, "list": shown_list}), types)


def _with_fields(sample: Sample, types: Mapping[str, Mapping[str, Any]]) -> Sample:
    """The sample's entry with what its type's schema adds, or where no type has that name with what any adds."""
    entry, stem = sample.values["entry"], sample.template.removesuffix(".html")
    fields = types.get(stem) or {name: spec for own in types.values() for name, spec in own.items()}
    added = {name: make_value(spec) for name, spec in fields.items() if not hasattr(entry, name)}
    plain = {"variants": [], "file": "content/sample.md", "id": "content/sample.md"}
    return Sample(sample.name, sample.template, {**sample.values, "entry": SimpleNamespace(**{**added, **plain, **vars(entry)})})


def make_value(spec: Any) -> Any:
    """A value that a property's schema allows, as far as it matters to a look."""
    spec = spec if isinstance(spec, dict) else {}
    if "default" in spec or spec.get("enum"):
        return spec.get("default", (spec.get("enum") or [None])[0])
    kind = spec.get("type")
    if kind == "array":
        return [make_value(spec.get("items")), make_value(spec.get("items"))]
    if kind == "object":
        return AnyValue({name: make_value(inner) for name, inner in spec.get("properties", {}).items()})
    return {"integer": spec.get("minimum", 3), "number": spec.get("minimum", 2.5), "boolean": True}.get(str(kind), "Sample")
