"""What the editor of WordPress wrote, blocks or classic, as plain HTML: shortcodes run, comments of blocks gone, paragraphs made."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from cms_ssg.migrate.html_text import strip_tags
from cms_ssg.migrate.unclosed import GUARD, guard_unclosed, pair_shortcodes, pair_tags

MAX_DEPTH: Final = 5
MAX_CONTENT: Final = 5_000_000
_SHORTCODE: Final = (
    r"\[(?P<{0}open>\[?)(?P<{0}close>/?)(?P<{0}name>[A-Za-z][\w-]*)(?P<{0}args>(?:[\s=][^\[\]]*?)?)(?P<{0}self>/?)\](?P<{0}shut>\]?)"
)
_TOKEN: Final = re.compile(
    r"(?=[<\[])(?:(?P<pre><(pre|code|textarea)\b.*?</\2\s*>)"
    r"|(?P<block><!--\s+(?P<end>/)?wp:(?P<bname>[a-z][a-z0-9_/-]*)\s+(?P<json>\{.*?\}\s+)?(?P<alone>/)?-->)"
    r"|(?P<comment><!--.*?-->)"
    r"|(?P<caption>\[(?:wp_)?caption\b(?P<capargs>[^\]]*)\](?P<capbody>.*?)\[/(?:wp_)?caption\])"
    r"|(?P<code>\[(?P<codename>code|sourcecode|source|cc)\b(?P<codeargs>[^\]]*)\](?P<codebody>.*?)\[/(?P=codename)\])"
    rf"|(?P<tag>{_SHORTCODE.format('')}))",
    re.DOTALL,
)
_ARGUMENT: Final = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))|"([^"]*)"|'([^']*)'|(\S+)""")
_PAGES: Final = "embed youtube vimeo twitter instagram soundcloud wpvideo tiktok ted slideshare scribd dailymotion gist spotify".split()
_PLUGINS: Final = frozenset(
    "contact-form-7 gravityform ninja_form wpforms mc4wp_form toc latest_posts recent_posts sitemap login products cart checkout".split()
)
_BLOCK_TAGS: Final = (
    "address|article|aside|blockquote|center|details|dd|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]|header|hr|iframe|legend|li|main|nav|ol|p|pre"
    "|section|summary|table|tbody|td|tfoot|th|thead|tr|ul|video|audio|script|style|textarea"
)
_EDGE: Final = re.compile(rf"(<(?:{_BLOCK_TAGS})\b[^>]*>|</(?:{_BLOCK_TAGS})\s*>)", re.IGNORECASE)
_WHOLE: Final = re.compile(r"<(pre|script|style|textarea|table|ul|ol|dl|figure)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_PAIRS: Final = [
    (re.compile("<!--"), re.compile("-->")),
    *pair_tags(("pre", "code", "textarea")),
    *pair_shortcodes(("caption", "wp_caption", "code", "sourcecode", "source", "cc")),
]
_WHOLE_PAIRS: Final = pair_tags(("pre", "script", "style", "textarea", "table", "ul", "ol", "dl", "figure"))
_EDGE_PAIRS: Final = [(re.compile("<"), re.compile(">"))]
_QUIET: Final = frozenset("spacer separator more nextpage paragraph".split())


@dataclass(slots=True)
class Content:
    """What an item's content may refer to. load_block: the content of a reusable block by its id; load_media: (address, alt) by id.

    note: told of each thing that is left out: kind, line, detail, fate; footnotes: (id, HTML) of those that the editor keeps beside the content.
    """

    load_block: Callable[[str], str | None]
    load_media: Callable[[str], tuple[str, str] | None]
    note: Callable[[str, int, str, str], None]
    footnotes: list[tuple[str, str]] = field(default_factory=list)


def make_html(text: str, line: int, content: Content, depth: int = 0) -> str:
    """The content as HTML. line: where it begins in the file."""
    text = guard_unclosed(re.sub("[\ue010-\ue012]", "", text[:MAX_CONTENT].replace("\r\n", "\n")), _PAIRS)
    blocks = "<!-- wp:" in text
    out: list[str] = []
    after, at_line, nested = 0, line, 0
    loose: list[str] = []

    def flush() -> None:
        plain = "".join(loose)
        loose.clear()
        out.append(plain if blocks and nested else add_paragraphs(plain))

    for found in _TOKEN.finditer(text):
        at_line += text.count("\n", after, found.start())
        loose.append(text[after : found.start()])
        after = found.end()
        if found["block"]:
            flush()
            if found["alone"]:
                out.append(_run_block(found, at_line, content, depth))
            elif found["end"]:
                nested = max(0, nested - 1)
                out.append("\n\n")
            else:
                nested += 1
                out.append(_open_block(found, at_line, content))
        else:
            loose.append(_run_token(found, at_line, content))
        at_line += found[0].count("\n")
    loose.append(text[after:])
    flush()
    return "".join(out).replace(GUARD, "")


def _run_block(found: re.Match[str], line: int, content: Content, depth: int) -> str:
    """What stands for a block without content of its own."""
    name = found["bname"].removeprefix("core/")
    if name == "block":
        ref = str(_load_json(found["json"]).get("ref", ""))
        inner = content.load_block(ref) if depth < MAX_DEPTH else None
        if inner is not None:
            return make_html(inner, line, content, depth + 1) + "\n\n"
        content.note("reusable blocks", line, f"wp:block {ref} is not in the export, or holds itself", "left out")
    elif name == "footnotes" and content.footnotes:
        rows = (
            f'<li id="{html.escape(number)}">{text} <a href="#{html.escape(number)}-link">↩</a></li>' for number, text in content.footnotes
        )
        return f"\n\n<ol>{''.join(rows)}</ol>\n\n"
    elif name not in _QUIET:
        content.note("blocks", line, f"wp:{name} {(found['json'] or '').strip()}".rstrip(), "left out")
    return ""


def _open_block(found: re.Match[str], line: int, content: Content) -> str:
    name = found["bname"].removeprefix("core/")
    if name == "embed" or name.startswith("core-embed"):
        url = str(_load_json(found["json"]).get("url", ""))
        content.note("embeds", line, url or name, "kept as links")
    elif "/" in name:
        content.note("blocks of plugins", line, f"wp:{name}", "kept as their HTML")
    return ""


def _load_json(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _run_token(found: re.Match[str], line: int, content: Content) -> str:
    """A shortcode, a comment, or a stretch in which there are none."""
    if found["pre"]:
        return found[0]
    if found["comment"]:
        return "\n\n" if re.match(r"<!--\s*(more|nextpage)\b", found[0]) else ""
    if found["caption"]:
        return _make_figure(found["capargs"], found["capbody"])
    if found["code"]:
        language = _parse_arguments(found["codeargs"]).get("lang") or _parse_arguments(found["codeargs"]).get("language") or ""
        mark = f' class="language-{html.escape(language)}"' if language else ""
        return f"\n\n<pre><code{mark}>{html.escape(html.unescape(found['codebody'].strip(chr(10))))}</code></pre>\n\n"
    return _run_shortcode(found, line, content)


def _make_figure(arguments: str, body: str) -> str:
    picture = re.match(r"\s*((?:<a\b[^>]*>\s*)?<img\b[^>]*>(?:\s*</a>)?)(.*)", body, re.DOTALL)
    image, caption = (picture[1], picture[2].strip()) if picture else (body, "")
    caption = caption or _parse_arguments(arguments).get("caption", "")
    return f"\n\n<figure>{image}<figcaption>{caption}</figcaption></figure>\n\n" if caption else f"\n\n<figure>{image}</figure>\n\n"


def _parse_arguments(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, match in enumerate(_ARGUMENT.finditer(html.unescape(text))):
        if match[1]:
            found[match[1].lower()] = match[2] or match[3] or match[4] or ""
        else:
            found[str(number)] = match[5] or match[6] or match[7] or ""
    return found


def _run_shortcode(found: re.Match[str], line: int, content: Content) -> str:
    name, arguments = found["name"].lower(), _parse_arguments(found["args"].lstrip("="))
    if found["open"] and found["shut"]:
        return found[0][1:-1]  # [[name]] shows [name]
    if name == "gallery":
        ids = [one for one in re.split(r"[\s,]+", arguments.get("ids") or arguments.get("include") or "") if one]
        pictures = [content.load_media(one) for one in ids]
        if not ids or None in pictures:
            content.note("galleries", line, found[0], "kept without pictures that the export lacks" if any(pictures) else "left out")
        return (
            "\n\n"
            + "\n\n".join(f'<p><img src="{html.escape(one[0])}" alt="{html.escape(one[1])}"></p>' for one in pictures if one)
            + "\n\n"
        )
    if name == "playlist":
        ids = [one for one in re.split(r"[\s,]+", arguments.get("ids") or "") if one]
        return "".join(_make_player(one, found[0], line, content) for one in ids) or _drop(found, line, content)
    if name == "vc_single_image" and (picture := content.load_media(arguments.get("image", ""))):
        return f'\n\n<p><img src="{html.escape(picture[0])}" alt="{html.escape(picture[1])}"></p>\n\n'
    if name in ("audio", "video"):
        source = next(
            (value for key, value in arguments.items() if key in ("src", "mp3", "mp4", "m4a", "ogg", "webm", "wav", "m4v", "ogv")), ""
        )
        return f'\n\n<figure><{name} controls src="{html.escape(source)}"></{name}></figure>\n\n' if source and not found["close"] else ""
    if name in _PAGES:
        url = arguments.get("src") or arguments.get("url") or next((v for k, v in arguments.items() if k.isdigit()), "")
        if url.startswith("http"):
            content.note("embeds", line, url, "kept as links")
            return f'\n\n<p><a href="{html.escape(url)}">{html.escape(url)}</a></p>\n\n'
        return ""  # [embed]https://…[/embed]: the address within stays, and becomes a link
    if not _is_shortcode(found):
        return found[0]
    return _drop(found, line, content)


def _drop(found: re.Match[str], line: int, content: Content) -> str:
    if not found["close"]:
        content.note("shortcodes", line, found[0], "left out; what stands between its tags stays")
    return ""


def _make_player(number: str, source: str, line: int, content: Content) -> str:
    """A line of a playlist."""
    medium = content.load_media(number)
    if medium is None:
        content.note("playlists", line, source, f"kept without {number}, which the export lacks")
        return ""
    tag = "video" if re.search(r"\.(?:mp4|m4v|webm|ogv|mov)$", medium[0], re.IGNORECASE) else "audio"
    return f'\n\n<figure><{tag} controls src="{html.escape(medium[0])}"></{tag}></figure>\n\n'


def _is_shortcode(found: re.Match[str]) -> bool:
    """Whether this is one of a plugin that nobody knows here, and not text in brackets: [sic], [1], [see below]."""
    name = found["name"]
    if found["close"] or name.lower() in _PLUGINS or "=" in found["args"] or found["self"]:
        return True
    return ("_" in name or _find_last(found.string, f"[/{name}]") >= found.end()) and not found["open"]


@lru_cache(maxsize=16)
def _find_last(text: str, sought: str) -> int:
    return text.rfind(sought)


def add_paragraphs(text: str) -> str:
    """What WordPress does to classic content: empty lines part paragraphs, other line ends are breaks, bare addresses are links."""
    if not text.strip():
        return ""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\n\n\ue010{len(kept) - 1}\ue011\n\n"

    text = _WHOLE.sub(keep, guard_unclosed(text, _WHOLE_PAIRS))
    text = _EDGE.sub(r"\n\n\1\n\n", guard_unclosed(text, _EDGE_PAIRS))
    pieces: list[str] = []
    inside_p = 0
    for piece in re.split(r"\n\s*\n", text):
        piece = piece.strip()
        if not piece:
            continue
        if piece[0] == "\ue010" or _EDGE.fullmatch(piece):
            inside_p += len(re.findall(r"<(?:p|h[1-6])\b", piece, re.IGNORECASE)) - len(
                re.findall(r"</(?:p|h[1-6])\b", piece, re.IGNORECASE)
            )
            pieces.append(piece)
            continue
        if re.fullmatch(r"https?://[^\s<>\"]+", piece):
            piece = f'<a href="{html.escape(html.unescape(piece))}">{piece}</a>'
        else:
            piece = re.sub(r"(?<!>)\n", "<br>\n", re.sub(r"<br\s*/?>\s*\n", "\n", piece)) if "<br" not in piece else piece
        pieces.append(piece if inside_p > 0 else f"<p>{piece}</p>")
    joined = "\n".join(pieces)
    return re.sub("\ue010(\\d+)\ue011", lambda match: kept[int(match[1])], joined).replace(GUARD, "") + "\n"


def make_excerpt(text: str) -> str:
    """An excerpt as plain text."""
    return strip_tags(re.sub(r"\[/?[\w-]+[^\]]*\]", "", text))[:5000]
