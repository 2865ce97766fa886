"""Texts in MDX as Markdown: pictures, notes, tabs and videos as what they are here, files that are included, other components without their tags."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cms_ssg.content.frontmatter.parse import parse_front_matter
from cms_ssg.content.markdown.jsx import JsxTag, Unclosed, read_tag
from cms_ssg.content.markdown.mdx import neutralise
from cms_ssg.migrate.code_spans import find_code
from cms_ssg.migrate.mdx_indents import take_indents
from cms_ssg.migrate.pages import MAX_FILE, replace_outside_code

MAX_DEPTH: Final = 3
_IMPORT: Final = re.compile(r"^import\s+([A-Za-z_$][\w$]*)\s+from\s+[\"']([^\"'\n]+)[\"'];?[ \t]*$", re.MULTILINE)
_FILE: Final = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|avif|ico|bmp|mp4|webm|mp3|pdf)$", re.IGNORECASE)
_SOURCE: Final = re.compile(
    r"(src|href)=\{\s*(?:(?:require|useBaseUrl)\(\s*[\"']([^\"'\n]+)[\"']\s*\)(?:\.default)?|([A-Za-z_$][\w$]*)(?:\.src)?)\s*\}"
)
_OPEN: Final = re.compile(r"<(?=/?[A-Z])")
_ADMONITION: Final = re.compile(
    r"^(?P<indent>[ \t]*)(?P<fence>:{3,})[ \t]*(?P<kind>[a-z]+)?[ \t]*(?:\[(?P<label>[^\]\n]*)\])?(?:\{[^}\n]*\})?(?P<title>[^\n]*)$",
    re.MULTILINE,
)
_ALERT: Final = re.compile(r"^([ \t]*>[ \t]*)\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*$", re.MULTILINE)
_HEADING_ID: Final = re.compile(r"^([ ]{0,3}#{1,6}[ \t][^\n{}]*)(\{#[\w-]+\})[ \t]*$", re.MULTILINE)
_CONSTANT: Final = re.compile(
    r"^export\s+const\s+([A-Za-z_$][\w$]*)\s*=\s*(?:(-?\d+(?:\.\d+)?)|\"([^\"\n{}<>]*)\"|'([^'\n{}<>]*)');?[ \t]*$", re.MULTILINE
)
_NAME: Final = re.compile(r"\{([A-Za-z_$][\w$]*)\}")
KINDS: Final = {
    **dict.fromkeys(("note", "info", "important", "abstract", "example", "question"), "note"),
    **dict.fromkeys(("tip", "success", "hint", "secondary"), "tip"),
    **dict.fromkeys(("warning", "caution", "danger", "error", "failure", "bug"), "warning"),
}
_PICTURES: Final = frozenset(("Image", "Img", "Picture", "Figure", "BlogImage", "IdealImage", "Zoom"))
_VIDEOS: Final = frozenset(("YouTube", "Youtube", "LiteYouTubeEmbed", "LiteYouTube", "YouTubeEmbed"))
_OPENED, _SHUT = "\ue030", "\ue031"

Note = Callable[[str, int, str, str], None]


def convert_mdx(body: str, place: tuple[Path, str, int], note: Note, *, mdx: bool) -> str:
    """The text as Markdown. place: root, file below it, line of the body's beginning; mdx: expressions and imports are taken out too."""
    kept: list[str] = []
    body = re.sub(f"[{_OPENED}{_SHUT}]", "", body)
    text = _include(body, place, note, 0) if mdx else body
    if mdx:
        text = replace_outside_code(text, _HEADING_ID, lambda found: found[1] + _keep(kept, found[2]))
        text = _fill_constants(text)
    text = convert_admonitions(text, place[2], note, kept)
    text = _run_components(text, kept)
    text, problems = neutralise(text, place[1], place[2], mdx=mdx)
    for problem in problems:
        note("components", problem.line, problem.message, "left out; what stands between their tags stays")
    if mdx:
        text = take_indents(text)
    text = replace_outside_code(text, re.compile(r"\{/\*\s*truncate\s*\*/\}|<!--\s*truncate\s*-->[ \t]*"), lambda found: "")
    text = replace_outside_code(text, re.compile(r"\n(?:[ \t]*\n){2,}"), lambda found: "\n\n")
    return re.sub(f"{_OPENED}(\\d+){_SHUT}", lambda found: kept[int(found[1])], text)


def _fill_constants(text: str) -> str:
    """The text with the numbers and texts that it exports by name."""
    values = {found[1]: found[2] or found[3] or found[4] for found in _CONSTANT.finditer(text)}
    return replace_outside_code(text, _NAME, lambda found: values.get(found[1], found[0])) if values else text


def _include(body: str, place: tuple[Path, str, int], note: Note, depth: int) -> str:
    """The text with the names of imported pictures as their paths, and with the texts that it imports."""
    root, file, line = place
    names = {found[1]: found[2] for found in _IMPORT.finditer(body)}
    pictures = {name: path for name, path in names.items() if _FILE.search(path)}
    text = _SOURCE.sub(
        lambda found: f'{found[1]}="{found[2] or pictures[found[3]]}"' if found[2] or found[3] in pictures else found[0], body
    )
    for name, path in names.items():
        if not path.endswith((".md", ".mdx")):
            continue
        target = posixpath.normpath(
            path.removeprefix("@site/") if path.startswith("@site/") else posixpath.join(posixpath.dirname(file), path)
        )
        inner = _read(root, target) if depth < MAX_DEPTH else None
        if inner is None:
            note("included texts", line + body.count("\n", 0, body.find(path)), path, "left out: not found, or they include each other")
            continue
        inner = _include(inner, (root, target, 1), note, depth + 1)
        text = re.sub(rf"<{re.escape(name)}\b[^<>]*/>", lambda found, inner=inner: f"\n\n{inner.strip()}\n\n", text)  # type: ignore[misc]
    return text


def _read(root: Path, file: str) -> str | None:
    path = root / file
    try:
        if file.startswith("..") or not path.resolve().is_relative_to(root.resolve()) or path.stat().st_size > MAX_FILE:
            return None
        return parse_front_matter(path.read_bytes(), file, 1 << 20).body
    except OSError:
        return None


def convert_admonitions(text: str, line: int, note: Note, kept: list[str]) -> str:
    """``:::tip`` … ``:::`` as notes, and GitHub's alerts as quotations that begin with their kind. Tags of notes go to kept, with a sign for each."""
    text = replace_outside_code(text, _ALERT, lambda found: f"{found[1]}**{found[2].capitalize()}**\n{found[1].rstrip()}")
    if ":::" not in text:
        return text
    code = find_code(text)
    opened: list[tuple[int, int, re.Match[str]]] = []
    changes: list[tuple[int, int, str]] = []
    for found in _ADMONITION.finditer(text):
        if any(begin <= found.start() < end for begin, end in code):
            continue
        size, title = len(found["fence"]), (found["label"] or found["title"] or "").strip()
        if found["kind"]:
            if found["kind"] in KINDS:
                opened.append((size, len(changes), found))
                opening = _keep(kept, _make_note(KINDS[found["kind"]], title))
                changes.append((found.start(), found.end(), f"{found['indent']}{opening}\n"))
            else:
                note("containers", line + text.count("\n", 0, found.start()), found[0].strip(), "kept as text")
        elif opened and not title and opened[-1][0] <= size:
            opened.pop()
            changes.append((found.start(), found.end(), f"\n{found['indent']}{_keep(kept, '{{< /note >}}')}"))
    for _, number, found in reversed(opened):
        note("containers", line + text.count("\n", 0, found.start()), found[0].strip(), "kept as text: nothing ends it")
        del changes[number]
    out: list[str] = []
    at = 0
    for begin, end, new in changes:
        out += (text[at:begin], new)
        at = end
    return "".join([*out, text[at:]])


def _make_note(kind: str, title: str) -> str:
    title = re.sub(r'["<>{}`]', "", title)
    return f'{{{{< note "{kind}" title="{title}" >}}}}' if title else f'{{{{< note "{kind}" >}}}}'


def _keep(kept: list[str], text: str) -> str:
    kept.append(text)
    return f"{_OPENED}{len(kept) - 1}{_SHUT}"


def _run_components(text: str, kept: list[str]) -> str:
    """The components that have a counterpart here; others stay for neutralise."""
    code = find_code(text)
    out: list[str] = []
    at = failures = 0
    for found in _OPEN.finditer(text):
        if found.start() < at or any(begin <= found.start() < end for begin, end in code) or failures > 20:
            continue
        try:
            tag = read_tag(text, found.start())
        except Unclosed:
            failures += 1
            continue
        made = _make(tag, kept) if tag is not None else None
        if tag is not None and made is not None:
            out += (text[at : found.start()], made, "\n" * text.count("\n", found.start(), tag.end))
            at = tag.end
    return "".join([*out, text[at:]])


def _make(tag: JsxTag, kept: list[str]) -> str | None:
    """What stands for a tag, None for one that is not known."""
    values = {name: value for name, value in tag.attributes.items() if value is not None}
    if tag.name in _PICTURES and values.get("src") and not tag.closing:
        return f"![{values.get('alt', '').replace(']', ' ')}](<{values['src']}>)"
    if tag.name in _VIDEOS and not tag.closing and (number := values.get("id") or values.get("videoId") or values.get("videoid")):
        return _keep(kept, '{{< youtube "' + re.sub(r'["<>{}]', "", number) + '" >}}') if tag.self_closing else None
    if tag.name in ("Admonition", "Aside", "Callout") and not tag.self_closing:
        if tag.closing:
            return f"\n\n{_keep(kept, '{{< /note >}}')}"
        kind = KINDS.get(values.get("type", "note"), "note")
        return _keep(kept, _make_note(kind, values.get("title", ""))) + "\n\n"
    if tag.name in ("Tabs", "CodeTabs", "CodeGroup", "Steps", "CardGrid"):
        return "\n\n"
    if tag.name in ("TabItem", "Tab"):
        label = values.get("label") or values.get("value") or values.get("title") or ""
        return "\n\n" if tag.closing or not label else f"\n\n**{label}**\n\n"
    return None
