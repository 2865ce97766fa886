"""``cms migrate wordpress``: an export of WordPress (WXR) as a site, by two passes over the file: who is who, then the entries."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Final

from cms_ssg.migrate.folder import NewSite
from cms_ssg.migrate.media import Media
from cms_ssg.migrate.wordpress_entries import Converter
from cms_ssg.migrate.wordpress_index import Index
from cms_ssg.migrate.wordpress_site import write_site
from cms_ssg.migrate.wxr import CutOffError, Head, read_head, read_items
from cms_ssg.types import Problem

BATCH: Final = 200
SEEN: Final = 4096


def migrate_wordpress(file: Path, site: NewSite, media: Path | None, progress: Callable[[int], None]) -> list[Problem]:
    """Move an export into the site. media: a copy of wp-content/uploads; progress: told of each number of items more.

    A run that was interrupted, or whose file ended in the middle, goes on where it was. Returns what is wrong with the file.
    Raises CmsError migrate.no-wxr, migrate.entities, migrate.broken, migrate.unreadable, migrate.unwritable.
    """
    head = read_head(file)
    start, line = _find_start(file, site)
    if not start:
        site.begin()
        site.connection.execute("DROP TABLE IF EXISTS items")
        site.connection.execute("DROP TABLE IF EXISTS media")
    elif (old := site.load_state("file")) != file.name:
        site.report.rename(old, file.name)
    index = Index(site.connection, head, resumed=bool(start))
    problems = _read_index(file, head, site, index, (start, line))
    converter = Converter(file.name, head, site, index, Media(site, media, "wp-content/uploads"), resumed=bool(start))
    seen = 0
    try:
        for item in read_items(file, head, start, line):
            converter.convert(item)
            start, line, seen = item.end, item.end_line, seen + 1
            if seen % BATCH == 0:
                progress(BATCH)
                site.save_state(offset=start, line=line, finished="", mark=_mark(file, start), file=file.name)
    except CutOffError:
        pass  # the first pass has said it
    _convert_again(file, head, converter, index)
    site.save_state(offset=start, line=line, finished="" if problems else "yes", mark=_mark(file, start), file=file.name)
    rows = site.connection.execute("SELECT source, target FROM redirects").fetchall()
    site.made.clear()
    site.made.update(converter.count())
    write_site(head, site, index, converter)
    if problems:  # where lists lead is found anew when the rest is there
        site.connection.execute("DELETE FROM redirects")
        site.connection.executemany("INSERT INTO redirects VALUES (?, ?)", rows)
        site.connection.commit()
    return problems


def _find_start(file: Path, site: NewSite) -> tuple[int, int]:
    """Where an unfinished run of the same file ended, (0, 0) where there was none."""
    offset, line = site.load_state("offset"), site.load_state("line")
    if not offset or site.load_state("finished") or site.load_state("mark") != _mark(file, int(offset)):
        return 0, 0
    return int(offset), int(line)


def _mark(file: Path, offset: int) -> str:
    """What the file is known by up to this byte."""
    with file.open("rb") as opened:
        first = opened.read(SEEN)
        opened.seek(max(0, offset - SEEN))
        return blake2b(first + opened.read(min(SEEN, offset)), digest_size=16).hexdigest()


def _read_index(file: Path, head: Head, site: NewSite, index: Index, begun: tuple[int, int]) -> list[Problem]:
    """The first pass: addresses, media and reusable blocks by their ids."""
    start, line = begun
    if not start:
        index.add_terms()
    try:
        for item in read_items(file, head, start, line):
            index.add(item)
    except CutOffError as error:
        message = f"ends in the middle of an item, which begins at byte {error.offset:,}; what stands before it was moved"
        return [Problem("migrate.cut-off", file.name, error.line, message, "Run the same command with the whole file: it goes on there.")]
    finally:
        site.connection.commit()
    return []


def _convert_again(file: Path, head: Head, converter: Converter, index: Index) -> None:
    """Items that named others which had not come yet, in a file that was cut off then."""
    for offset, line in index.list_waiting():
        item = next(read_items(file, head, offset, line), None)
        if item is not None:
            converter.site.report.forget(file.name, item.line, item.end_line)
            converter.convert(item)
