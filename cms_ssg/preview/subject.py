"""What a preview is of: some files, a branch, or the whole working tree, as files that differ from what is stored."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from psycopg import Connection

from cms_ssg.content.collections.rules import find_collection
from cms_ssg.content.scan.file_names import find_path_problem, has_ignored_name
from cms_ssg.content.scan.scan_files import scan_files
from cms_ssg.engine.open_session import target_folder
from cms_ssg.engine.sync import content_folders
from cms_ssg.errors import CmsError, UsageError, fail
from cms_ssg.site import Site, open_site
from cms_ssg.store.sources import SourceRecords, load_sync_state, parse_git_state
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.preview.make import PreviewOptions


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be shown. site: where the files are read, which for a branch is a folder that goes when the preview is made.

    changed, removed: files by what is stored; whole: templates, data and settings are compared too.
    """

    name: str
    site: Site
    changed: list[str]
    removed: list[str] = field(default_factory=list)
    whole: bool = False
    problems: list[Problem] = field(default_factory=list)


@contextmanager
def open_subject(site: Site, options: PreviewOptions, connection: Connection, site_id: int) -> Iterator[Subject]:
    """What the options ask for; a branch's files are there for the length of the block."""
    if options.branch:
        with tempfile.TemporaryDirectory(prefix="cms-preview-") as folder:
            yield _read_branch(site, options, connection, site_id, Path(folder).resolve())
    elif options.worktree:
        state = parse_git_state(load_sync_state(connection, site_id))
        records = SourceRecords(connection, site_id)
        found = scan_files(site.root, content_folders(site), records, state, force=True, skip=[target_folder(site)])
        yield Subject("the working tree", site, found.changed, found.removed, True, found.problems)
    else:
        files = [_find_file(site, name) for name in options.files]
        beside = [other for file in files for other in list_bundle(site, file)]
        yield Subject(", ".join(files), site, sorted({*files, *beside}))


def _find_file(site: Site, name: str) -> str:
    """A file as the store knows it. name: from here, or from the site's folder."""
    found = next((path for path in (Path(name), site.root / name) if path.is_file()), None)
    if found is None:
        raise UsageError(Problem("preview.no-file", name, 0, "there is no such file", "Name content files, or files they show."))
    path = Path(os.path.abspath(found))
    try:
        file = (
            path.relative_to(site.root).as_posix() if path.is_relative_to(site.root) else path.resolve().relative_to(site.root).as_posix()
        )
    except ValueError:
        file = ""
    inside = any(file.startswith(f"{folder}/") if folder else file for folder in content_folders(site))
    if not inside or has_ignored_name(file) or find_path_problem(file) is not None:
        folders = ", ".join(folder or "." for folder in content_folders(site))
        raise UsageError(
            Problem("preview.no-file", name, 0, f"it is in no folder of content ({folders})", "cms preview --worktree shows themes.")
        )
    return file


def list_bundle(site: Site, file: str) -> Iterator[str]:
    """Files that lie beside an index page: its images, stored or not."""
    folder = site.rules.find_bundle(file)
    if not folder:
        return
    for above, _, names in os.walk(site.root / folder):
        for one in names:
            path = (Path(above) / one).relative_to(site.root).as_posix()
            if find_collection(path, site.rules.collections) is None and not has_ignored_name(path) and find_path_problem(path) is None:
                yield path


def _read_branch(site: Site, options: PreviewOptions, connection: Connection, site_id: int, folder: Path) -> Subject:
    from cms_ssg.content.git.checkout import find_commit

    commit = find_commit(site.root, options.branch)
    files = commit.read_files()
    folders = content_folders(site)
    root = commit.write_files([file for file in files if not _is_below(file, folders)], folder)
    branch = _open_branch(site, root, options.env)
    folders = content_folders(branch)
    content = {file: blob for file, blob in files.items() if _is_below(file, folders) and not has_ignored_name(file) and blob}
    known = SourceRecords(connection, site_id).load_all_files()
    state = parse_git_state(load_sync_state(connection, site_id))
    moved = commit.read_moved(folders, state.commit) if state is not None else None
    looked_at = moved.keys() if moved is not None else content.keys() | known.keys()
    changed = sorted(file for file in looked_at if file in content and (file not in known or known[file].blob != content[file]))
    removed = sorted(file for file in looked_at if file in known and file not in content)
    commit.write_files(changed, folder)
    return Subject(f"branch {options.branch}", branch, changed, removed, True)


def _is_below(file: str, folders: Sequence[str]) -> bool:
    return any(not folder or file.startswith(f"{folder}/") for folder in folders)


def _open_branch(site: Site, root: Path, env: str) -> Site:
    """The branch's site: its own templates and settings, but where it is published and stored stays as it is here."""
    found = open_site(root, os.environ, env)
    if found.type_problems:
        raise CmsError(*found.type_problems)
    own = site.settings
    return Site(root, msgspec.structs.replace(
        found.settings, name=own.name, env=own.env, base_url=own.base_url, database_url=own.database_url, target=own.target, cdn=own.cdn,
        preview=own.preview,
    ))  # fmt: skip


def refuse_nothing(subject: Subject) -> CmsError:
    """Make the error of a subject that differs in nothing, to be raised."""
    return fail(
        "preview.nothing", f"{subject.name} shows nothing that the site does not", hint="`cms preview FILE` shows a file's page anyway."
    )
