"""Which line of a TOML file a key stands on; tomllib does not say. Used for messages only, on text tomllib has accepted."""

from __future__ import annotations

import re
import tomllib

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]*")


def list_key_lines(text: str) -> dict[KeyPath, int]:
    """Map each key's path to its 1-based line: ``("collection", 0, "glob")``. Empty where the text is not understood."""
    scanner = _Scanner(text)
    try:
        scanner.read_document()
    except (ValueError, RecursionError):
        pass
    return scanner.lines


def find_line(lines: dict[KeyPath, int], path: KeyPath) -> int:
    """The line of path or of its nearest known parent, 0 where there is none."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return 0


class _Scanner:
    """Walks the text once. counts: how many tables each array of tables has had so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self.counts: dict[KeyPath, int] = {}
        self._line = 1
        self._counted_to = 0

    def read_document(self) -> None:
        table: KeyPath = ()
        while self._skip_blank() < len(self.text):
            if self.text.startswith("[", self.at):
                table = self._read_header()
            else:
                self._read_pair(table)

    def _read_header(self) -> KeyPath:
        is_array = self.text.startswith("[[", self.at)
        line = self._line_here()
        self.at += 2 if is_array else 1
        path = self._inside_arrays(self._read_key())
        self.at = self.text.index("]", self.at) + (2 if is_array else 1)
        if is_array:
            number = self.counts.get(path, 0)
            self.counts[path] = number + 1
            self.lines.setdefault(path, line)
            path = (*path, number)
        self._note(path, line)
        return path

    def _inside_arrays(self, names: list[str]) -> KeyPath:
        """The names of a header with the index of the last table of each array put in: [a.b] below [[a]] is a, 0, b."""
        path: KeyPath = ()
        for position, name in enumerate(names):
            path = (*path, name)
            if path in self.counts and position < len(names) - 1:
                path = (*path, self.counts[path] - 1)
        return path

    def _read_pair(self, table: KeyPath) -> None:
        line = self._line_here()
        path: KeyPath = (*table, *self._read_key())
        self.at = self.text.index("=", self.at) + 1
        self._note(path, line)
        self._read_value(path)

    def _read_key(self) -> list[str]:
        names: list[str] = []
        while True:
            self._skip_space()
            if quoted := _STRING.match(self.text, self.at):
                names.append(str(tomllib.loads("k=" + quoted[0])["k"]))
                self.at = quoted.end()
            elif bare := _BARE.match(self.text, self.at):
                names.append(bare[0])
                self.at = bare.end()
            else:
                raise ValueError("not a key")
            self._skip_space()
            if not self.text.startswith(".", self.at):
                return names
            self.at += 1

    def _read_value(self, path: KeyPath) -> None:
        self._skip_space()
        if string := _STRING.match(self.text, self.at):
            self.at = string.end()
        elif self.text.startswith("[", self.at):
            self._read_items(path, "]")
        elif self.text.startswith("{", self.at):
            self._read_items(path, "}")
        elif scalar := _SCALAR.match(self.text, self.at):
            self.at = scalar.end()

    def _read_items(self, path: KeyPath, closing: str) -> None:
        self.at += 1
        number = 0
        while True:
            self._skip_blank()
            if self.text.startswith(closing, self.at):
                self.at += 1
                return
            if closing == "}":
                self._read_pair(path)
            else:
                self.lines[(*path, number)] = self._line_here()
                self._read_value((*path, number))
                number += 1
            self._skip_blank()
            if self.text.startswith(",", self.at):
                self.at += 1
            elif not self.text.startswith(closing, self.at):
                raise ValueError("not a list")

    def _note(self, path: KeyPath, line: int) -> None:
        self.lines[path] = line
        for length in range(1, len(path)):
            self.lines.setdefault(path[:length], line)

    def _skip_blank(self) -> int:
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def _skip_space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _line_here(self) -> int:
        self._line += self.text.count("\n", self._counted_to, self.at)
        self._counted_to = self.at
        return self._line
