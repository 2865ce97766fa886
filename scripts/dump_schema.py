"""Writes the database's tables as text to sql/schema.sql, from a database that only the migrations made.

The text is pg_dump's, without what differs from day to day: versions, settings, monthly partitions.
Run by ``make schema``; ``--check`` compares instead of writing and is what the test runs.
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from cms_ssg.files.bundled import folder as bundled_folder
from cms_ssg.store import embedded
from cms_ssg.store.connect import connect
from cms_ssg.store.embedded.programs import find_programs
from cms_ssg.store.migrate import migrate

HEADER = "-- What the migrations of sql/core make together; those of a vertical are in its own folder. Written by `make schema`; a test keeps it true. Never run.\n\n"
NOISE = re.compile(r"--|-- (Name:|PostgreSQL|Dumped).*|SET .*;|SELECT pg_catalog\.set_config.*;|\\(un)?restrict .*")


def main() -> int:
    """Write or check the file; 0 when it is true."""
    path = bundled_folder("sql") / "schema.sql"
    text = make_schema()
    if "--check" not in sys.argv:
        path.write_text(text)
        return 0
    known = path.read_text() if path.exists() else ""
    sys.stderr.writelines(difflib.unified_diff(known.splitlines(True), text.splitlines(True), "sql/schema.sql", "from the migrations", n=2))
    if known != text:
        print("sql/schema.sql does not say what the migrations make; run `make schema`", file=sys.stderr)
    return int(known != text)


def make_schema() -> str:
    """Apply all migrations to a new database and make the text of what they made."""
    with tempfile.TemporaryDirectory(prefix="cms-schema-") as name:
        folder = Path(name)
        try:
            url = embedded.start(folder, {"fsync": "off"})
            with connect(url) as conn:
                migrate(conn, until={"core": 9999})
            dump = dump_schema(url, find_programs(embedded.data_folder(folder)) / "pg_dump")
        finally:
            embedded.stop(folder)
    kept = [line.rstrip() for line in dump.splitlines() if not NOISE.fullmatch(line)]
    return HEADER + re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip() + "\n"


def dump_schema(url: str, pg_dump: Path) -> str:
    """Run pg_dump; the password goes through the environment, where `ps` does not show it."""
    parts = conninfo_to_dict(url)
    environment = {**os.environ, "PGPASSWORD": str(parts["password"])}
    address = [f"--host={parts['host']}", f"--username={parts['user']}", f"--dbname={parts['dbname']}"]
    options = ["--schema-only", "--schema=cms", "--no-owner", "--no-privileges", "--exclude-table=cms.posts_*"]
    return subprocess.run([pg_dump, *address, *options], env=environment, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
