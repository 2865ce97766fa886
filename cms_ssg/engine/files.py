"""Assets of the theme and files of the site as artifacts: their bytes as they lie on disk, images without metadata."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cms_ssg.content.read_file import read_file as read_bytes
from cms_ssg.content.scan.changed_files import is_lfs_pointer
from cms_ssg.engine.plain_files import describe_pointer
from cms_ssg.files.media_types import content_type, media_type
from cms_ssg.images.facts import svg_check
from cms_ssg.images.strip import holds_metadata, strip_metadata
from cms_ssg.reads import digest
from cms_ssg.render.output import Rendered
from cms_ssg.render.reading import Reads
from cms_ssg.render.requests import Job
from cms_ssg.render.theme import list_assets, read_asset
from cms_ssg.render.theme_chain import theme_folders
from cms_ssg.types import Artifact, Problem

if TYPE_CHECKING:
    from cms_ssg.site import Site

AGAIN = "Was it removed during the build? Run it again."


def read_file(site: Site, job: Job) -> Rendered:
    """The artifact of an asset or a file, or what is in the way."""
    reads, kind = Reads(), site.features.outputs[job.kind]
    try:
        if kind.fingerprinted:  # an asset of the theme
            reads.name(f"asset/{job.spec['name']}")
            data = read_asset(_assets(site)[job.spec["name"]], site.settings.tokens)
        else:
            found = read_bytes(str(site.root), site.locate(job.spec["source"]))
            if isinstance(found, Problem):
                return Rendered(job, None, reads, replace(found, code="publish.no-file", hint=AGAIN))
            data = found
        if is_lfs_pointer(data):
            return Rendered(job, None, reads, describe_pointer(job.spec.get("source") or f"assets/{job.spec['name']}"))
        if not kind.fingerprinted:
            if media_type(job.path) == "image/svg+xml":
                reads.name("setting/markdown.raw_html")
                reads.name("setting/images.active_svg")
                if (problem := _check_svg(site, job.spec["source"], data)) is not None:
                    return Rendered(job, None, reads, problem)
            elif holds_metadata(data):
                reads.name("setting/images.strip")
                if site.settings.images.strip:
                    data = strip_metadata(data)
    except (OSError, KeyError) as error:
        place = job.spec.get("source") or job.spec.get("name") or ""
        reason = getattr(error, "strerror", None) or "it is not there"
        return Rendered(
            job,
            None,
            reads,
            Problem("publish.no-file", str(place), 0, f"cannot be read: {reason}", AGAIN),
        )
    return Rendered(job, Artifact(job.path, data, digest(data), content_type(job.path), kind.cache), reads)


def _check_svg(site: Site, file: str, data: bytes) -> Problem | None:
    """Why an SVG is not published: opened by itself, it could run what it holds."""
    check = svg_check(site.settings)
    if check is None:
        return None
    from cms_ssg.content.active_files import unpack
    from cms_ssg.images.facts import MOST_BYTES
    from cms_ssg.images.svg import measure_svg

    plain = unpack(data, MOST_BYTES)
    if plain is None:
        return Problem("image.unreadable", file, 0, "what is packed in it is broken or too large, so it is not published", "Pack it again.")
    facts = measure_svg(plain, check)
    return Problem(facts.code, file, 0, f"{facts.message}, so it is not published", facts.hint) if facts.code else None


def _assets(site: Site) -> dict[str, Path]:
    return list_assets(theme_folders(site.root, site.settings).assets)
