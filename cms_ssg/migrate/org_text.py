"""Pages in Org mode as Markdown, by the rules of Hugo's reader: keywords are front matter, a heading of one star is one of the second level."""

from __future__ import annotations

import re
from typing import Any, Final

from cms_ssg.migrate.pages import replace_outside_code

_KEYWORD: Final = re.compile(r"^#\+([\w-]+)(\[\])?:[ \t]*(.*)$")
_BLOCK: Final = re.compile(r"^([ \t]*)#\+begin_(\w+)[ \t]*(.*)$", re.IGNORECASE)
_HEADING: Final = re.compile(
    r"^(\*{1,6})[ \t]+(?:(?:T[O]DO|DONE|NEXT|WAITING)[ \t]+)?(?:\[#[A-Z]\][ \t]+)?(.*?)(?:[ \t]+:[\w@#%:]+:)?[ \t]*$"
)
_DRAWER: Final = re.compile(r"^[ \t]*:([\w-]+):[ \t]*$")
_ITEM: Final = re.compile(r"^([ \t]*)([-+]|\d+[.)]|(?<=[ \t])\*)[ \t]+(?:\[@\d+\][ \t]*)?(?:\[([ xX-])\][ \t]+)?(.*)$")
_TERM: Final = re.compile(r"^(.+?)[ \t]+::(?:[ \t]+(.*))?$")
_LINK: Final = re.compile(r"\[\[([^\[\]]+)\](?:\[((?:[^\[\]]|\[[^\[\]]*\])+)\])?\]")
_PICTURE: Final = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|avif)$", re.IGNORECASE)
_CODE: Final = re.compile(r"(?:(?<=^)|(?<=[\s({'\"-]))([=~])(?=\S)([^\n]{0,400}?\S)\1(?=$|[\s)}'\".,:;!?\[-])")
_MARKS: Final = {"*": "**", "/": "*", "+": "~~"}
_EMPHASIS: Final = re.compile(
    r"(?:(?<=^)|(?<=[\s({'\"*/_+\ue041-]))([*/+_])(?=[^\s*/+_])([^\n]{0,400}?[^\s])\1(?=$|[\s)}'\".,:;!?\[*/_+\ue040-])"
)
_STAMP: Final = re.compile(r"[<\[](\d{4}-\d\d-\d\d)(?:[ \t]+[^\d\s<>\[\]]+)?(?:[ \t]+(\d?\d:\d\d)(?:-\d?\d:\d\d)?)?[^<>\[\]\n]{0,20}[>\]]")
_TABLE_RULE: Final = re.compile(r"^[ \t]*\|[-+:| \t]+\|?[ \t]*$")
_HIDDEN: Final = re.compile("[\ue040\ue041]")
_QUIET: Final = frozenset(
    "options startup property filetags language name results header attr_html attr_org attr_latex email exclude_tags select_tags todo seq_todo macro toc"
    " latex_header html_head bind columns hugo_base_dir hugo_section export_file_name".split()
)
LISTS: Final = frozenset("tags categories aliases authors series keywords".split())

Notes = list[tuple[int, str, str]]
"""(line, what, fate) of each thing that is left out."""


def convert_org(text: str) -> tuple[dict[str, Any], str, Notes]:
    """Front matter, Markdown with as many lines or more, and what was left out, of a text in Org mode."""
    reader = _Reader(_HIDDEN.sub("", text.replace("\r\n", "\n")).split("\n"))
    reader.run()
    body = replace_outside_code("\n".join(reader.out), re.compile(r"\n{3,}"), lambda found: "\n\n")
    return reader.fields, body.strip("\n") + "\n", reader.notes


class _Reader:
    """Reads line by line."""

    def __init__(self, lines: list[str]) -> None:
        self._lines, self._at = lines, 0
        self.fields: dict[str, Any] = {}
        self.out: list[str] = []
        self.notes: Notes = []
        self._caption = ""
        self._unended: set[str] = set()

    def run(self) -> None:
        """Read all lines."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if block := _BLOCK.match(line):
                self._read_block(block)
            elif keyword := _KEYWORD.match(line):
                self._read_keyword(keyword)
            elif line.lstrip().startswith("|"):
                self._read_table()
            elif _DRAWER.match(line) and self._skip_drawer():
                pass
            elif re.match(r"[ \t]*:([ \t]|$)", line):
                self._read_fixed()
            elif line.startswith("#") and re.match(r"#(?:[ \t]|$)", line):
                self.out.append("")  # a comment
            elif re.fullmatch(r"[ \t]*-{5,}[ \t]*", line):
                self.out += ("", "---", "")
            elif heading := _HEADING.match(line):
                self._add_heading(heading)
            elif re.match(r"[ \t]*(?:SCHEDULED|DEADLINE|CLOSED):", line):
                self._note(f"dates of tasks: {line.strip()}")
            else:
                self._add_line(line)

    def _note(self, what: str, fate: str = "left out", at: int = 0) -> None:
        self.notes.append((at or self._at, what, fate))

    def _read_keyword(self, found: re.Match[str]) -> None:
        name, value = found[1].lower(), found[3].strip()
        if name == "caption":
            self._caption = value
        elif name == "filetags":
            self.fields.setdefault("tags", [tag for tag in value.split(":") if tag.strip()])
        elif name == "include":
            self._note(f"#+{found[1]}: {value}")
        elif name in _QUIET or name.startswith(("attr_", "header")):
            pass
        elif found[2]:
            self.fields[name] = value.split()
        elif name in LISTS:
            self.fields[name] = value.split(",") if "," in value else value.split()
        elif not self.out or not any(self.out) or name in ("title", "date", "author", "description", "draft", "slug", "url", "weight"):
            stamp = _STAMP.fullmatch(value)
            plain: Any = f"{stamp[1]}{f' {stamp[2]}' if stamp[2] else ''}" if stamp else value
            self.fields[name] = {"true": True, "false": False, "t": True, "nil": False}.get(value, plain)
            if name == "weight" and value.isdigit():
                self.fields[name] = int(value[:9])
        else:
            self._note(f"#+{found[1]}: {value}")
        self.out.append("")

    def _read_block(self, found: re.Match[str]) -> None:
        kind, arguments, begin = found[2].lower(), found[3], self._at
        end = re.compile(rf"[ \t]*#\+end_{re.escape(kind)}\b", re.IGNORECASE)
        last = (
            -1
            if kind in self._unended
            else next((number for number in range(self._at, len(self._lines)) if end.match(self._lines[number])), -1)
        )
        if last < 0:
            self._unended.add(kind)
            self._note(f"#+begin_{kind}: nothing ends it", "left out", begin)
            return
        inner = [re.sub(r"^([ \t]*),(?=[*#,])", r"\1", line) for line in self._lines[self._at : last]]
        self._at = last + 1
        indent = found[1]
        if kind in ("src", "example"):
            inner = [line.removeprefix(indent) for line in inner]
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", "\n".join(inner))), default=0))
            language = arguments.split()[0] if kind == "src" and arguments.split() and not arguments.startswith((":", "-")) else ""
            self.out += [f"{indent}{fence}{language}", *(f"{indent}{line}" if line else "" for line in inner), f"{indent}{fence}"]
        elif kind == "html" or (kind == "export" and arguments.strip().lower().startswith("html")):
            self.out += ["", *inner, ""]
        elif kind in ("comment", "export"):
            if kind == "export":
                self._note(f"#+begin_export {arguments}", "left out", begin)
            self.out += [""] * (len(inner) + 2)
        else:
            part = _Reader(inner)
            part.run()
            self.notes += [(begin + line, what, fate) for line, what, fate in part.notes]
            sign = "> " if kind == "quote" else ""
            rows = [f"{line}  " if kind == "verse" and line.strip() else line for line in part.out]
            self.out += ["", *(f"{sign}{line}".rstrip(" " if kind != "verse" else "") for line in rows), ""]
            if kind not in ("quote", "verse", "center"):
                self._note(f"#+begin_{kind}", "kept without its frame", begin)

    def _read_table(self) -> None:
        self._at -= 1
        rows: list[list[str] | None] = []
        while self._at < len(self._lines) and self._lines[self._at].lstrip().startswith("|"):
            line = self._lines[self._at].strip()
            self._at += 1
            rows.append(
                None
                if _TABLE_RULE.match(line)
                else [_convert_inline(cell.strip()).replace("|", "\\|") for cell in line.strip("|").split("|")]
            )
        while rows and rows[0] is None:
            rows.pop(0)
        body = [row for row in rows if row is not None]
        if not body:
            return
        width = max(len(row) for row in body)
        head = body.pop(0) if len(rows) > 1 and rows[1] is None else [""] * width
        self.out += ["", *(f"| {' | '.join([*row, *[''] * (width - len(row))])} |" for row in (head, ["---"] * width, *body)), ""]
        self._end_caption()

    def _skip_drawer(self) -> bool:
        """Pass over a drawer; the id that one of properties gives a heading stays."""
        last = next(
            (number for number in range(self._at, min(len(self._lines), self._at + 200)) if self._lines[number].strip().upper() == ":END:"),
            -1,
        )
        if last < 0:
            return False
        for line in self._lines[self._at : last]:
            if (given := re.match(r"[ \t]*:CUSTOM_ID:[ \t]+([\w-]+)[ \t]*$", line, re.IGNORECASE)) is not None:
                number = next((at for at in range(len(self.out) - 1, -1, -1) if self.out[at]), -1)
                if number >= 0 and self.out[number].startswith("#"):
                    self.out[number] += f" {{#{given[1]}}}"
        self.out += [""] * (last - self._at + 2)
        self._at = last + 1
        return True

    def _read_fixed(self) -> None:
        self._at -= 1
        rows = []
        while self._at < len(self._lines) and (found := re.match(r"[ \t]*:(?:[ \t](.*))?$", self._lines[self._at])):
            rows.append(found[1] or "")
            self._at += 1
        self.out += ["```", *rows, "```"]

    def _add_heading(self, found: re.Match[str]) -> None:
        if re.match(r"\*+[ \t]+COMMENT\b", found[0]):
            self._note(found[0].strip(), "kept: a heading that Org mode hides")
        self.out += ["", f"{'#' * min(6, len(found[1]) + 1)} {_convert_inline(found[2])}", ""]

    def _add_line(self, line: str) -> None:
        note = re.match(r"\[fn:([\w-]+)\][ \t]+(.*)", line)
        if note:
            self.out.append(f"[^{note[1]}]: {_convert_inline(note[2])}")
            return
        item = _ITEM.match(line)
        if item is None:
            if re.search(r"\{\{\{[A-Za-z]", line):
                self._note(f"macros: {line.strip()}", "kept as written")
            self.out.append(re.sub(r"\\\\[ \t]*$", "  ", _convert_inline(line)))
            if _PICTURE.search(line.rstrip("] \t")) and line.strip().startswith("[["):
                self._end_caption()
            return
        mark = {"+": "-", "*": "-"}.get(item[2], item[2].replace(")", "."))
        box = f"[{'x' if item[3] in 'xX' else ' '}] " if item[3] else ""
        term = _TERM.match(item[4]) if mark == "-" else None
        text = f"**{_convert_inline(term[1])}**: {_convert_inline(term[2] or '')}" if term else _convert_inline(item[4])
        self.out.append(f"{item[1]}{mark} {box}{text}")

    def _end_caption(self) -> None:
        if self._caption:
            self.out += ["", f"*{_convert_inline(self._caption)}*", ""]
        self._caption = ""


def _convert_inline(text: str) -> str:
    """Marks within a line."""
    kept: list[str] = []

    def keep(made: str) -> str:
        kept.append(made)
        return f"\ue040{len(kept) - 1}\ue041"

    def make_code(found: re.Match[str]) -> str:
        fence = "`" * (1 + max((len(run) for run in re.findall("`+", found[2])), default=0))
        return keep(f"{fence} {found[2]} {fence}" if len(fence) > 1 else f"`{found[2]}`")

    def make_link(found: re.Match[str]) -> str:
        target, words = re.sub(r"^file:", "", found[1].strip()), found[2]
        target = re.sub(r"::.*$", "", target) if not re.match(r"\w+://", target) else target
        target = re.sub(r"\.org(?=$|#)", ".md", target)
        if _PICTURE.search(target) and not words:
            return keep(f"![](<{target}>)")
        if words and (inner := re.fullmatch(r"(?:file:)?(\S+)", words)) and _PICTURE.search(inner[1]):
            return keep(f"[![](<{inner[1]}>)](<{target}>)")
        if target.startswith(("*", "id:")):
            return words or target.lstrip("*")
        return f"{keep('[')}{words or target}{keep(f'](<{target}>)')}"

    text = re.sub(r"@@html:([^@\n]{0,400})@@", lambda found: keep(found[1]), text)
    text = re.sub(r"\{\{[<%][^\n]{0,1000}?[>%]\}\}", lambda found: keep(found[0]), text)
    text = _CODE.sub(make_code, text)
    text = _LINK.sub(make_link, text)
    text = re.sub(r"<(https?://[^\s<>]+)>", lambda found: keep(found[0]), text)
    text = re.sub(r"\[fn:([\w-]+)\]", lambda found: keep(f"[^{found[1]}]"), text)
    text = _STAMP.sub(lambda found: f"{found[1]}{f' {found[2]}' if found[2] else ''}", text)
    text = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text).replace("`", "\\`")
    for _ in range(3):
        made = _EMPHASIS.sub(lambda found: f"{keep(_open(found[1]))}{found[2]}{keep(_close(found[1]))}", text)
        if made == text:
            break
        text = made
    text = text.replace("*", "\\*")
    while "\ue040" in text:
        text = re.sub("\ue040(\\d+)\ue041", lambda found: kept[int(found[1])], text)
    return text


def _open(mark: str) -> str:
    return "<u>" if mark == "_" else _MARKS[mark]


def _close(mark: str) -> str:
    return "</u>" if mark == "_" else _MARKS[mark]
