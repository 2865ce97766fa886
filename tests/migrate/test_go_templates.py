"""Templates of Hugo's shortcodes, piece by piece."""

from __future__ import annotations

import pytest

from cms_ssg.migrate.go_functions import FUNCTIONS
from cms_ssg.migrate.go_parse import NotUnderstoodError
from cms_ssg.migrate.go_template import Html, Named, Template
from cms_ssg.migrate.heading_anchors import keep_anchors, make_blackfriday_anchor, make_github_anchor

DOT = Named(
    Params={"name": "Ada & Co", "rows": [{"n": "b", "v": 2}, {"n": "a", "v": 1}], "on": True, "Mixed": "m"},
    Inner=Html("<b>in</b>"),
    Get=lambda key: {0: "zero"}.get(key, ""),
)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("{{ .Params.name }}", "Ada &amp; Co"),
        ("{{ .Params.name | safeHTML }} {{ .Inner }} {{ .Inner | string }}", "Ada & Co <b>in</b> &lt;b&gt;in&lt;/b&gt;"),
        ("a {{- /* a note with }} in it */ -}} b", "ab"),
        ("{{ $x := .Get 0 }}{{ if eq $x `zero` }}{{ $x = \"one\" }}{{ end }}{{ $x }}", "one"),
        ("{{ if not .Params.on }}A{{ else if .Params.none }}B{{ else with .Params.name }}{{ len . }}{{ end }}", "8"),
        ('{{ range $i, $row := sort .Params.rows "n" }}{{ if $i }}, {{ end }}{{ $row.n }}={{ .v }}{{ else }}none{{ end }}', "a=1, b=2"),
        ("{{ range .Params.none }}x{{ else }}none{{ end }}", "none"),
        ("{{ range seq 9 }}{{ if eq . 2 }}{{ continue }}{{ end }}{{ if gt . 4 }}{{ break }}{{ end }}{{ . }}{{ end }}", "134"),
        ('{{ printf "%s-%03d %q" .Params.mixed 7 "q" | upper }}', "M-007 &quot;Q&quot;"),
        ('{{ (index .Params.rows 0).n }} {{ index (dict "k" "v") "k" }} {{ with slice 1 2 }}{{ delimit . "/" }}{{ end }}', "b v 1/2"),
        ('{{ replaceRE "(z)e" "$1-" (.Get 0) }} {{ strings.TrimPrefix "z" (.Get 0) }} {{ substr "abcdef" 2 3 }}', "z-ro ero cde"),
        ('{{ default "d" .Params.none }} {{ .Params.name | default "d" | lower }} {{ cond .Params.on 1 2 }} {{ add 1 2 | mul 2 }}', "d ada &amp; co 1 6"),
        ('{{ with where .Params.rows "v" ">=" 1 }}{{ end }}', None),
        ('{{ resources.Get "x" }}', None),
        ("{{ .Nothing }}", None),
        ('{{ errorf "no %s" "way" }}', None),
        ("{{ if .Params.on }}never closed", None),
        ("{{ end }}", None),
        ("{{ range seq 2000 }}{{ range seq 2000 }}{{ range seq 2000 }}x{{ end }}{{ end }}{{ end }}", None),
    ],
)  # fmt: skip
def test_a_template_gives_what_hugo_gives_or_is_refused(text: str, made: str | None) -> None:
    if made is None:
        with pytest.raises(NotUnderstoodError):
            Template(text).run(DOT, dict(FUNCTIONS))
    else:
        assert Template(text).run(DOT, dict(FUNCTIONS)) == made


def test_headings_keep_the_anchors_they_had() -> None:
    body = "## One - two\n\n## Plain\n\n## Plain\n\n### `code` & more {#own .red}\n\n```\n## One - two\n```\n\n## Late {.red}\n\n## Set {a=1}\n"
    assert keep_anchors(body, make_github_anchor) == (
        "## One - two {#one---two}\n\n## Plain\n\n## Plain {#plain-1}\n\n### `code` & more {#own}\n\n```\n## One - two\n```\n\n## Late\n\n## Set {a=1} {#set-a1}\n"
    )
    assert keep_anchors("## One - it's", make_blackfriday_anchor) == "## One - it's {#one-it-s}"
