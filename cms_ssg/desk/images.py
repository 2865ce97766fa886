"""Pictures that are uploaded at the desk: into ``static/pictures`` of the site's folder, which the next build publishes like every other file there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import JSON
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.problems import fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.authoring.write import write_file
from cms_ssg.desk.frame import HEADERS, enter
from cms_ssg.entries.rights import ALLOWED
from cms_ssg.errors import CmsError
from cms_ssg.images.children import Children
from cms_ssg.images.facts import RASTER, Facts
from cms_ssg.images.tasks import make_looks
from cms_ssg.reads import digest
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Problem

router = Router("Desk")

FOLDER: Final = "static/pictures"
TYPES: Final = {"jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp", "avif": "image/avif"}


@router.post("/desk/images", scope=PUBLIC, per_minute=60, include_in_schema=False)
async def upload(request: Request) -> Response:
    """Keep a picture. Its name is in the query, the form's secret in a header, its bytes are the body. The answer is its path on the site."""
    session = await enter(request, "write", request.headers.get("x-csrf", ""))
    if "create" not in ALLOWED[session.writer.role]:
        raise fail("api.role", f"the role {session.writer.role} may not upload", status=403)
    context = site_of(request)
    data, name = await request.body(), request.query_params.get("name", "")
    try:
        file = await run_in_threadpool(save_picture, context.site.root, name, data, datetime.now(UTC))
    except CmsError as error:
        problem = error.problems[0]
        raise fail(problem.code, problem.message, status=422, hint=problem.hint) from None
    return Response(msgspec.json.encode({"path": file.removeprefix("static")}), 201, HEADERS, JSON)


@router.get("/desk/images/pictures/{name:path}", scope=PUBLIC, include_in_schema=False)
async def show_picture(request: Request, name: str) -> Response:
    """A picture that was uploaded, also before a build has published it."""
    await enter(request, "write")
    folder = (site_of(request).site.root / FOLDER).resolve()
    kind = TYPES.get(RASTER.get(PurePosixPath(name).suffix[1:].lower(), ""))
    path = folder / name if "\0" not in name else folder
    if kind is None or not path.resolve().is_relative_to(folder) or not path.is_file():
        raise fail("api.no-route", "there is no such picture", status=404)
    return Response(await run_in_threadpool(path.read_bytes), 200, {**HEADERS, "Cache-Control": "private, max-age=3600"}, kind)


def save_picture(root: Path, name: str, data: bytes, now: datetime) -> str:
    """Write a picture below static/pictures, by the month, if it is one that pages can show. Returns its file in the site.

    name: as the writer's machine calls it. Raises CmsError images.*, authoring.unwritable.
    """
    given = PurePosixPath(name.replace("\\", "/"))
    form = RASTER.get(given.suffix[1:].lower())
    if form is None:
        raise _refuse(f"{given.name[:100] or 'it'} is no JPEG, PNG, WebP, AVIF or GIF", "SVG and other files are put into static/ by hand.")
    key = digest(data).hex()
    file = f"{FOLDER}/{now:%Y/%m}/{make_slug(given.stem)[:80] or 'picture'}-{key[:8]}{given.suffix.lower()}"
    if (root / file).is_file():
        return file
    facts = _look(root, data, key)
    if facts is None or facts.code or facts.format != form:
        said = facts.message if facts is not None and facts.code else f"its bytes are no {form.upper()}"
        raise _refuse(said, facts.hint if facts is not None else "")
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    write_file(root / file, data, file, new=True)
    return file


def _look(root: Path, data: bytes, key: str) -> Facts | None:
    """What a process of its own, with little memory and time, finds out about a picture, before a build can see it."""
    file = f".cms/uploads/{key}"
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_bytes(data)
    children = Children(1)
    try:
        return next((answer.facts for answer in children.work(make_looks(str(root), {key: file}, None), lambda: None)), None)
    finally:
        children.close()
        (root / file).unlink(missing_ok=True)


def _refuse(said: str, hint: str) -> CmsError:
    return CmsError(Problem("desk.no-picture", "", 0, said, hint))
