"""A store as large as a big site's, filled by the server itself: entries with triggers on, all else as a build would leave it."""

from __future__ import annotations

from datetime import date

import psycopg
from psycopg.rows import TupleRow

from cms_ssg.store.partitions import ensure_post_partitions

ENTRIES = 100_000
SITE = 1
LARGE_LIST = 5_001
"""The list of all posts: with 4,999 archive pages, and a window around each post for its page."""

FILL = """
INSERT INTO cms.sites (name) VALUES ('large'), ('small');
INSERT INTO cms.entries (id, site, source, source_key, collection, type, locale, translation_key, status, publish_at, created_at, fields)
  SELECT n, 1, 'file', format('content/posts/%s/p%s.md', n % 500, n), 'posts', 'post', 'en', format('posts/p%s', n),
    CASE WHEN n % 50 = 0 THEN 'draft' ELSE 'published' END, CASE WHEN n % 1000 = 0 THEN timestamptz '2026-01-01Z' + n * interval '1 min' END,
    timestamptz '2023-01-01Z' + n * interval '15 min',
    jsonb_build_object('title', format('Title %s', n), 'section', format('s%s', n % 20), 'is_featured', n % 500 = 0,
      'metadata', jsonb_build_object('color', n % 997, 'mood', n % 7))
  FROM generate_series(1, 100000) n;
INSERT INTO cms.bodies SELECT n, '\\x01', 'text', '[]', 1, '[]', '' FROM generate_series(1, 100000) n;
INSERT INTO cms.cards (entry, site, type, locale, translation_key, live, listed, path, card, card_digest, address_digest, full_digest)
  SELECT n, 1, 'post', 'en', format('posts/p%s', n), true, true, format('/p%s/', n), jsonb_build_object('title', n, 'date', '2025-01-01T00:00:00Z'), '\\x', '\\x', '\\x'
  FROM generate_series(1, 100000) n;
INSERT INTO cms.claims (site, name, kind, locale, key, owner_kind, owner, spec, wins)
  SELECT 1, format('/p%s/', n), 0, 'en', format('p%s', n), 'e', n, '{"kind": "entry"}'::jsonb, true FROM generate_series(1, 100000) n UNION ALL
  SELECT 1, format('en/post:p%s', n), 0, 'en', format('p%s', n), 'e', n, NULL, true FROM generate_series(1, 100000) n;
INSERT INTO cms.lists (site, locale, name, items, pages, card) SELECT 1, 'en', format('tag/t%s', n), 100, 4, '{}' FROM generate_series(1, 5000) n;
INSERT INTO cms.lists (site, locale, name, items, pages, card) VALUES (1, 'en', 'type/post', 100000, 4999, '{}');
UPDATE cms.lists SET stale_from = '\\x01' WHERE id = 7;
INSERT INTO cms.list_items (list, sort_key, member, label)
  SELECT 1 + (n + k * 1009) % 5000, int8send(n), n, CASE WHEN n % 100 = 0 THEN 'T' END FROM generate_series(1, 100000) n, generate_series(0, 2) k;
INSERT INTO cms.list_items (list, sort_key, member) SELECT 5001, int8send(n), n FROM generate_series(1, 100000) n;
INSERT INTO cms.list_pages (list, number, high) SELECT 5001, n, int8send(n * 20) FROM generate_series(1, 4999) n;
INSERT INTO cms.list_pages (list, number, high) SELECT l, n, int8send(n * 25000) FROM generate_series(1, 5000) l, generate_series(1, 3) n;
INSERT INTO cms.outputs (id, site, path, kind, digest, size_bytes, reads, reason, build, valid_until)
  SELECT n, 1, format('/p%s/', n), 'entry', '\\x01', 1, ARRAY[-1, -2, -3, n * 4, n * 4 + 2, (n % 5000) * 4 + 3, -100 - n], 'new', 1,
    CASE WHEN n % 1000 = 0 THEN timestamptz '2027-01-01Z' END
  FROM generate_series(1, 100000) n;
INSERT INTO cms.windows (output, list, low, high) SELECT n, 1 + n % 5000, int8send(n), int8send(n + 5000) FROM generate_series(1, 100000) n UNION ALL
  SELECT n, 5001, int8send(n - 1), int8send(n + 1) FROM generate_series(1, 100000) n;
INSERT INTO cms.builds (site, clock, finished_at, result)
  SELECT 1, now(), now(), jsonb_build_object('status', 'done', 'rendered', 1, 'removed', 0) FROM generate_series(1, 20000);
INSERT INTO cms.dirty (site, path, phase, lane, reason) SELECT 1, format('/p%s/', n), 2, 0, 'x' FROM generate_series(1, 2000) n;
INSERT INTO cms.files (site, path, bundle, digest, size_bytes)
  SELECT 1, format('content/posts/%s/f%s.jpg', n % 500, n), CASE WHEN n % 2 = 0 THEN format('content/posts/%s/p%s.md', n % 500, n) ELSE '' END, '\\x', 1
  FROM generate_series(1, 100000) n;
INSERT INTO cms.sources (site, path, folder, size_bytes, mtime_ns, ctime_ns, inode, blob, read_digest)
  SELECT 1, format('content/posts/%s/p%s.md', n % 500, n), format('content/posts/%s', n % 500), 1, 1, 1, 1, '\\x', '\\x' FROM generate_series(1, 100000) n;
DELETE FROM cms.changes;
INSERT INTO cms.changes (site, kind, subject) SELECT 1, 'e', n FROM generate_series(1, 50) n;
INSERT INTO cms.purges (site, path, phase, cause, build, turn, not_before)
  SELECT 1, format('/p%s/', n), 2, 'changed', 1, 2, timestamptz '2099-01-01Z' FROM generate_series(1, 20000) n;
INSERT INTO cms.hits (site, path, day, hits) SELECT 1, format('/p%s/', n % 20000), date '2026-01-01' + n / 20000, 1 FROM generate_series(0, 99999) n;
INSERT INTO cms.documents (entry, site, type, locale, path, published_at, title, excerpt, content, terms, location, vector, digest, shown)
  SELECT n, 1, 'post', 'en', format('/p%s/', n), timestamptz '2023-01-01Z' + n * interval '15 min', format('Title %s', n), '', format('word%s', n % 997),
    ARRAY['type/post', format('section/s%s', n % 20)], point(n % 360 - 180, n % 170 - 85), to_tsvector('simple', format('title%s word%s', n, n % 997)), '\\x01', true
  FROM generate_series(1, 100000) n;
INSERT INTO cms.read_names SELECT -n, n::text FROM generate_series(1, 100000) n;
"""


def fill_store(connection: psycopg.Connection[TupleRow]) -> None:
    """100,000 posts of one site over three years with what a build derives of them, and statistics."""
    ensure_post_partitions(connection, date(2023, 1, 1), date(2026, 1, 1))
    connection.commit()
    connection.execute(FILL)
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")
