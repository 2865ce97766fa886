"""``cms migrate``: a site of another system as a site of this one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cms_ssg.cli.call import DONE, PARTIAL, Call, site_command
from cms_ssg.text.counting import count


@click.group("migrate")
def migrate() -> None:
    """Convert a site of another system into a new folder.

    Addresses stay the same or are redirected. What could not be converted is listed in INTO/migration-report.txt, by file and line.
    Running the command again changes nothing, and never files that were edited since.
    """


def run_migration(call: Call, into: Path, source: Path, move: Callable[[Any], list[Any]]) -> int:
    """Fill the folder and say what that did. move: takes the new site and returns what is wrong with the source."""
    from cms_ssg.migrate.folder import NewSite
    from cms_ssg.migrate.report import SUMMARY

    folder = Path(call.folder or ".", into)
    call.output.phase("migrate")
    with NewSite(folder, source.name) as site:
        problems = move(site)
        notes, kinds = site.report.count(), site.report.count_kinds()
    call.output.rest()
    call.output.problems(problems)
    counts = site.counts
    lines = [", ".join(f"{number:,} {name}" for name, number in site.made.items() if number)]
    lines.append(f"files in {folder}: " + ", ".join(f"{counts[name]:,} {name}" for name in ("added", "changed", "unchanged")))
    if counts["kept"]:
        lines.append(f"{count(counts['kept'], 'file')} kept as somebody edited or removed since")
    if notes:
        lines.append(f"{count(notes, 'thing')} could not be moved as they were: {folder / SUMMARY}")
        lines += [f"  {number:,} {kind}" for kind, number in list(kinds.items())[:8]]
    lines.append(f"Now: cms -C {folder} check, then cms -C {folder} serve")
    value = {"folder": str(folder), "made": dict(site.made), "files": dict(counts), "notes": kinds, "problems": problems}
    call.output.result(value, "\n".join(line for line in lines if line))
    return PARTIAL if any(problem.severity == "error" for problem in problems) else DONE


@site_command("wordpress", "cms migrate wordpress export.xml my-site\ncms migrate wordpress export.xml my-site --media wp-content/uploads")
@click.option("--media", type=click.Path(path_type=Path, file_okay=False, exists=True), default=None, help="A copy of wp-content/uploads.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("into", type=click.Path(path_type=Path))
def wordpress(call: Call, file: Path, into: Path, media: Path | None) -> int:
    """Convert an export of WordPress (Tools, Export: a WXR file).

    If a run was interrupted, the same command continues it. Exit 3 if the file is cut off.
    """
    from cms_ssg.migrate.wordpress import migrate_wordpress

    return run_migration(call, into, file, lambda site: migrate_wordpress(file, site, media, call.output.advance))


@site_command("hugo", "cms migrate hugo old-site my-site")
@click.argument("source", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("into", type=click.Path(path_type=Path))
def hugo(call: Call, source: Path, into: Path) -> int:
    """Move a Hugo site.

    Its content with page resources, languages, taxonomies, menus, static files and data; not its templates.
    """
    from cms_ssg.migrate.hugo import migrate_hugo

    return run_migration(call, into, source, lambda site: migrate_hugo(source, site, call.output.advance))


@site_command("jekyll", "cms migrate jekyll old-site my-site")
@click.argument("source", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("into", type=click.Path(path_type=Path))
def jekyll(call: Call, source: Path, into: Path) -> int:
    """Move a Jekyll site.

    Its posts, pages and collections with their Liquid run, data and files; not its layouts.
    """
    from cms_ssg.migrate.jekyll import migrate_jekyll

    return run_migration(call, into, source, lambda site: migrate_jekyll(source, site, call.output.advance))


@site_command("ghost", "cms migrate ghost export.json my-site --base-url https://example.org --media content")
@click.option("--base-url", default="", metavar="URL", help="Where the old site is; an export does not say.")
@click.option(
    "--media", type=click.Path(path_type=Path, file_okay=False, exists=True), default=None, help="A copy of Ghost's content folder."
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("into", type=click.Path(path_type=Path))
def ghost(call: Call, file: Path, into: Path, media: Path | None, base_url: str) -> int:
    """Move an export of Ghost.

    A JSON file: Settings, Import/Export.
    """
    from cms_ssg.migrate.ghost import migrate_ghost

    return run_migration(call, into, file, lambda site: migrate_ghost(file, site, media, base_url, call.output.advance))


@site_command("markdown", "cms migrate markdown notes my-site")
@click.argument("source", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("into", type=click.Path(path_type=Path))
def markdown(call: Call, source: Path, into: Path) -> int:
    """Move a folder of Markdown.

    Each file gets the address that its path gives; those with a date are posts.
    """
    from cms_ssg.migrate.markdown_folder import migrate_markdown

    return run_migration(call, into, source, lambda site: migrate_markdown(source, site, call.output.advance))


@site_command("docusaurus", "cms migrate docusaurus old-site my-site")
@click.argument("source", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("into", type=click.Path(path_type=Path))
def docusaurus(call: Call, source: Path, into: Path) -> int:
    """Move a Docusaurus site.

    Its documentation with versions and translations, blog, pages and static files; not its components.
    """
    from cms_ssg.migrate.docusaurus import migrate_docusaurus

    return run_migration(call, into, source, lambda site: migrate_docusaurus(source, site, call.output.advance))


@site_command("astro", "cms migrate astro old-site my-site")
@click.argument("source", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("into", type=click.Path(path_type=Path))
def astro(call: Call, source: Path, into: Path) -> int:
    """Move an Astro site.

    Its content collections and pages in Markdown and MDX, also those of Starlight, and public files; not its components.
    """
    from cms_ssg.migrate.astro import migrate_astro

    return run_migration(call, into, source, lambda site: migrate_astro(source, site, call.output.advance))


@site_command("eleventy", "cms migrate eleventy old-site my-site")
@click.argument("source", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("into", type=click.Path(path_type=Path))
def eleventy(call: Call, source: Path, into: Path) -> int:
    """Move an Eleventy site.

    Its pages in Markdown and HTML with their data and permalinks, and files that are passed through; not its templates.
    """
    from cms_ssg.migrate.eleventy import migrate_eleventy

    return run_migration(call, into, source, lambda site: migrate_eleventy(source, site, call.output.advance))


@site_command("zola", "cms migrate zola old-site my-site")
@click.argument("source", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("into", type=click.Path(path_type=Path))
def zola(call: Call, source: Path, into: Path) -> int:
    """Move a Zola site.

    Its content with shortcodes, taxonomies, languages and files; not its templates.
    """
    from cms_ssg.migrate.zola_move import migrate_zola

    return run_migration(call, into, source, lambda site: migrate_zola(source, site, call.output.advance))


for command in (wordpress, hugo, jekyll, ghost, zola, docusaurus, astro, eleventy, markdown):
    migrate.add_command(command)
