"""Random edits: what a preview of the working tree shows is what the next build makes, no page more and none less."""

from __future__ import annotations

import random
import shutil

import pytest

from cms_ssg.errors import CmsError
from cms_ssg.paths import object_key
from cms_ssg.preview import render
from cms_ssg.preview.make import PreviewResult
from cms_ssg.preview.rewrite import Rewriter
from cms_ssg.site import open_site
from tests.engine import edits
from tests.engine.edits import Editor
from tests.engine.sample import SITE
from tests.engine.siteonpage import SiteOnPage, wipe
from tests.preview.previews import paths, read_all, show

STEPS = 12
FIELDS = [(name, value) for name, values in edits.FIELDS.items() for value in (*values, None)]


def edit(editor: Editor, chance: random.Random, step: int) -> None:
    number, other = chance.randrange(40), chance.randrange(40)
    actions = (
        lambda: editor.set_field(number, *chance.choice(FIELDS)),
        lambda: editor.set_body(number, f"New body {step} [x](/about/)"),
        lambda: editor.create(f"content/posts/n{step}.md"),
        lambda: editor.delete(number),
        lambda: editor.move(number, f"content/posts/m{step}.md"),
        lambda: editor.mark_template(chance.choice(edits.TEMPLATES), chance.randrange(5)),
        lambda: editor.swap(number, other),
    )
    chance.choices(actions, (3, 1, 1, 1, 1, 1, 1))[0]()


def show_all(site: SiteOnPage) -> PreviewResult | None:
    """A preview of everything that differs, None where nothing does."""
    try:
        return show(site, worktree=True, pages=1000)
    except CmsError as error:
        if "preview.nothing" not in [problem.code for problem in error.problems]:
            raise
        return None


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8))
def test_preview_of_random_edits_is_what_the_next_build_makes(
    engine_urls: tuple[str, str], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(render, "_show_as_published", lambda one: one)  # a build does not show drafts
    wipe(engine_urls[0])
    site = SiteOnPage(tmp_path_factory.mktemp("random") / "site", *engine_urls)
    site.write(SITE)
    site.build(now=None)
    editor, chance = Editor(site), random.Random(seed)
    for step in range(STEPS):
        for _ in range(chance.choice((1, 1, 2, 4))):
            edit(editor, chance, step)
        rows = read_all(site)
        result = show_all(site)
        assert read_all(site) == rows
        shown, inside = {}, set()
        if result is not None:
            base = f"_preview/{result.token}"
            keys = {row[0].removeprefix(base) for row in site.query("SELECT unnest(keys) FROM cms.previews WHERE token = %s", result.token)}
            inside = {key.removesuffix("index.html") for key in keys}
            shown = {path: site.tree()[f"{base}/{object_key(path)}"] for path in paths(result)}
        built = site.build(now=None)
        kinds = dict(site.query("SELECT path, kind FROM cms.outputs WHERE digest IS NOT NULL AND error IS NULL"))
        assert {path for path in built.rendered if kinds.get(path) in render.SHOWN} <= shown.keys()
        if result is not None:
            rewriter, tree = Rewriter(open_site(site.root, {}), f"/{base}", inside), site.tree()
            assert {path: rewriter.page(path, tree[object_key(path)]) for path in shown} == shown
            shutil.rmtree(site.output / "_preview")
            site.query("DELETE FROM cms.previews")
