"""Where the core keeps what people said of themselves, and where it only mentions them."""

from __future__ import annotations

from typing import Final, LiteralString

from cms_ssg.kinds.vertical import Personal, mentions


def delete_mentions(table: LiteralString, columns: LiteralString) -> Personal:
    """A table whose rows go where they mention the address: they are of use for a while only. columns: an SQL expression, all of it text."""
    where: LiteralString = "site = %(site)s AND " + mentions(columns)
    return Personal(f"SELECT '{table}', to_jsonb(t) FROM cms.{table} t WHERE {where}", (f"DELETE FROM cms.{table} WHERE {where}",))


def replace_mentions(table: LiteralString, *columns: LiteralString) -> Personal:
    """A table whose rows stay, with another word where the address was. columns: names of text columns; ``name::jsonb`` for those that hold JSON."""
    names: list[LiteralString] = [column.removesuffix("::jsonb") for column in columns]
    found = " OR ".join(mentions(f"{name}::text") for name in names)
    changed = ", ".join(
        f"{name} = regexp_replace({name}::text, %(pattern)s, 'erased@invalid', 'gi'){'::jsonb' if column.endswith('::jsonb') else ''}"
        for name, column in zip(names, columns, strict=True)
    )
    shown = ", ".join(f"'{name}', {name}" for name in names)
    where: LiteralString = f"site = %(site)s AND ({found})"
    return Personal(
        f"SELECT '{table}', jsonb_build_object({shown}) FROM cms.{table} WHERE {where}",
        (f"UPDATE cms.{table} SET {changed} WHERE {where}",),
    )


_IMPORTED: Final[LiteralString] = (
    "site = %(site)s AND id IN (SELECT p.upload FROM cms.import_upload_parts p WHERE " + mentions("encode(p.data, 'escape')") + ")"
)

CORE: Final = (
    delete_mentions("mails", "concat_ws(' ', recipient, reply_to, subject, body)"),
    delete_mentions("deliveries", "body"),
    delete_mentions("idempotent_answers", "coalesce(answer::text, '')"),
    delete_mentions("empty_searches", "words"),
    delete_mentions("open_editors", "concat_ws(' ', person, texts::text)"),
    Personal(
        "SELECT 'visitor_links', to_jsonb(v) - 'digest' FROM cms.visitor_links v WHERE site = %(site)s AND lower(email) = lower(%(email)s)",
        (
            "UPDATE cms.uploads SET expires_at = clock_timestamp(), email = '' WHERE site = %(site)s AND email = lower(%(email)s)",
            "DELETE FROM cms.visitor_links WHERE site = %(site)s AND lower(email) = lower(%(email)s)",
        ),
    ),
    Personal("SELECT 'uploads', to_jsonb(u) FROM cms.uploads u WHERE site = %(site)s AND email = lower(%(email)s)", ()),
    Personal(
        f"SELECT 'import_uploads', jsonb_build_object('id', id, 'created_at', created_at) FROM cms.import_uploads WHERE {_IMPORTED}",
        (f"DELETE FROM cms.import_uploads WHERE {_IMPORTED}",),
    ),
    Personal(
        "SELECT 'tokens', to_jsonb(t) - 'digest' FROM cms.tokens t WHERE site = %(site)s AND " + mentions("name"),
        (
            "UPDATE cms.tokens SET name = 'erased ' || id, revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE site = %(site)s AND "
            + mentions("name"),
        ),
    ),
    replace_mentions("events", "detail::jsonb"),
    replace_mentions("acts", "author", "what", "refused"),
    replace_mentions("revisions", "author", "changes::jsonb", "body"),
    replace_mentions("comments", "author", "text", "resolved_by"),
    replace_mentions("pending_changes", "author", "approved_by", "problem", "fields::jsonb", "base::jsonb", "body"),
    replace_mentions("entries", "author"),
    replace_mentions("imports", "author", "file"),
    replace_mentions("import_uploads", "author"),
    replace_mentions("task_runs", "error"),
    replace_mentions("payments", "page", "problem"),
    replace_mentions("payment_refunds", "reason", "problem", "details::jsonb"),
    replace_mentions("fake_payments", "metadata::jsonb"),
    replace_mentions("received", "outcome"),
    replace_mentions("previews", "subject"),
)

HISTORY: Final[tuple[LiteralString, ...]] = (
    """UPDATE cms.revisions r SET changes = r.changes - k.names FROM (
    SELECT entry, array_agg(DISTINCT name) AS names FROM cms.revisions CROSS JOIN jsonb_object_keys(changes) name
    WHERE site = %(site)s AND made_in = pg_current_xact_id() AND kind = 'c' AND name <> 'status' GROUP BY entry) k
  WHERE r.site = %(site)s AND r.entry = k.entry AND r.changes ?| k.names""",
    """UPDATE cms.import_rows i SET changes = regexp_replace(i.changes::text, %(pattern)s, 'erased@invalid', 'gi')::jsonb FROM cms.imports m
  WHERE m.id = i.import AND m.site = %(site)s AND """
    + mentions("i.changes::text"),
    """DELETE FROM cms.revisions WHERE site = %(site)s AND entry IN (
    SELECT entry FROM cms.revisions WHERE site = %(site)s AND made_in = pg_current_xact_id() AND kind = 'd')""",
)
"""What runs last: of a field that this transaction took from an entry no earlier value is kept, of an entry that it deleted no history."""
