"""Writes docs/cli.md from the commands themselves; with --check says whether it is up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
SETTINGS: dict[str, Any] = {"terminal_width": 100, "max_content_width": 100, "help_option_names": ["-h", "--help"]}

HEAD = """# Command line

Made by `scripts/cli_docs.py` from the commands themselves; a test keeps it true.

`cms` works on the site in the current folder or the nearest one above it that has a `site.toml`; `-C DIR` names another. `-C`, `--env`, `--json`,
`--log-json` and `--log-level` may stand before or after a command's name. Results go to stdout, progress and errors to stderr.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | failed; nothing was half done |
| 2 | called wrongly |
| 3 | done, but something was left out: a file that cannot be read, a page that failed, a conflict, a difference found |
| 130 | interrupted |

An error names a place, says what is wrong, a permanent code and a way out; [errors.md](errors.md) has a line for each code:

```text
site.toml:3: unknown key "pagesize" [settings.unknown-key]
  Did you mean "page_size"?
```

What should never happen ends in one line with the code `internal`; its details are in `.cms/crash.log`, or on the terminal with
`CMS_DEBUG=1`. With `--json` a failed command prints `{"status": "failed", "problems": [...]}`, each
problem with `code`, `place`, `line`, `message`, `hint` and `severity`.

| with `--json` | prints |
| --- | --- |
| `cms build` | `build_id`, `status` (`done`, `partial`), `planned`, `rendered`, `images` (sizes of images and cards among those), `written`, `unchanged`, `removed`, `failed`, \
`helped` (shards that workers made), `purged`, `purge_began_at`, `purge_again_at` (where there is a CDN), \
`seconds` (`sync`, `plan`, `render`, `publish`, `record`, `total`), `problems`, \
`would` (of a dry run: `uploads`, `size_bytes`, `images`: sizes of images to be made, `unlooked`: images that nobody has looked at yet, \
whose sizes nobody knows and `images` does not count, `doubtful`, `removals`, `purges`, `purge_calls`, `estimated`) |
| `cms plan` | `outputs` (`path`, `kind`, `reason`), `problems`, `seconds` |
| `cms why` | `asked`, `outputs` (`path`, `kind`, `reason`, `build`, `built_at`, `waiting`, `reads`, `error`), `text`, `removed` (`path`, `kind`, \
`build`, `at`, `back_to`, `reason`; null where the page was not removed) |
| `cms verify` | `pages`, the paths that are `different`, `missing`, `orphaned`; `waiting` (how many of these the next build makes right anyway) |
| `cms sync` | `status`, `saved`, `removed`, `read`, `unchanged`, `problems` |
| `cms check` | `errors`, `warnings`, `problems` |
| `cms status` | `entries`, `outputs`, `files`, `changes`, `age_s`, `dirty`, `failing`, `conflicts`, `problems`, `builder`, `last_build`, `webhooks`, `cdn`, \
`held`, `text` |
| `cms calendar` | `items` (`at`, `what`, `title`, `path`) |
| `cms new`, `edit`, `publish`, `unpublish`, `move`, `trash`, `restore` | `file`, `path`, `what`, `problems` |
| `cms entry list` | `entries` (`number`, `source`, `file`, `type`, `locale`, `status`, `path`, `title`, `version`, `changed_at`) |
| `cms entry show` | `number`, `source`, `file`, `type`, `locale`, `status`, `version`, `author`, `changed_at`, `path`, `fields`, `body`, `external_key` |
| `cms entry create`, `set`, `publish`, `unpublish`, `trash`, `restore` | `number`, `source`, `file`, `version`, `path`, `what`, \
`changes` (field: before, after), `problems` |
| `cms export content` | `files`, `written`, `problems` |
| `cms export csv`, `jsonl` with `--out` | `entries`, `file` |
| `cms import csv`, `jsonl` | `number` (0 for a dry run), `source`, `rows`, `added`, `changed`, `unchanged`, `failed`, `seconds`, `fields` (changes by field), \
`resumed_at`, `stopped_at`, `errors_file`, `encoding`, `delimiter`, `key`, `problems` |
| `cms import list` | `imports` (`number`, `source`, `type`, `file`, `started_at`, `finished_at`, `undone_at`, `position`, counts …) |
| `cms import show` | the same of one, and `entries` (`entry`, `version`, `changes`; null where it was added), the first 50 |
| `cms import undo` | `number`, `removed`, `restored`, `kept` |
| `cms bulk update`, `delete` | `matched`, `changed`, `unchanged`, `failed`, `files`, `seconds`, `pages` (path, reason; of a dry run), `problems` |
| `cms preview` | `status`, `token`, `url`, `expires_at`, `pages` (`path`, `url`), `left_out`, `objects`, `tries`, `seconds`, `problems` |
| `cms previews list` | `previews` (`token`, `subject`, `pages`, `objects`, `created_at`, `expires_at`, `url`) |
| `cms doctor` | `checks` (`name`, `status`: `ok`, `warn`, `fail`, `text`, `hint`, `code`, `place`) |
| `cms hooks list` | `hooks` (`hook`, `plugin`), `webhooks` (`url`, `events`), `deliveries` (`id`, `event`, `state`, `tries`, `next_at`, `answer` …) |
| `cms purge` | `status`, `pages`, `everything`, `purged`, `waiting`, `problems` |
| `cms stats show` | `views`, `days` (`day`, `views`), `pages` (`path`, `views`, `title`), `posts` (by day of publication), `terms` |
| `cms stats refresh` | `refreshed` |
| `cms stats import-log` | `files`, `known`, `reads` |
"""


def make_page() -> str:
    """The whole page."""
    from cms_ssg.cli.main import cms

    return HEAD + "".join(list_sections(cms, click.Context(cms, info_name="cms", **SETTINGS)))


def list_sections(command: click.Command, context: click.Context) -> Iterator[str]:
    """A section for a command and for each below it."""
    level = "#" * (2 if isinstance(command, click.Group) else 3)
    yield f"\n{level} {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                inner = click.Context(below, parent=context, info_name=name, **SETTINGS)
                yield from list_sections(below, inner)


def main() -> None:
    """Write the page, or compare it."""
    page = make_page()
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page:
            sys.exit("docs/cli.md is not up to date; run: python scripts/cli_docs.py")
        return
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
