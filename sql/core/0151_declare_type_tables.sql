-- Content types with a table of their own: x-table of the type says which, x-column which fields are columns of it. cms.posts and cms.pages are two of them.
-- Columns that every such table has: entry, site, created_at, type, locale, status, published_at, title.

CREATE TABLE cms.type_tables (
  type text COLLATE "C" PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  partition text COLLATE "C" NOT NULL DEFAULT '' CHECK (partition IN ('', 'month', 'site')),
  columns jsonb NOT NULL DEFAULT '{}'   -- field -> text, boolean, numeric, timestamptz or jsonb
);
CREATE INDEX type_tables_name ON cms.type_tables (name);
INSERT INTO cms.type_tables (type, name, partition, columns) VALUES
  ('post', 'posts', 'month', '{"section": "text", "is_featured": "boolean"}'), ('page', 'pages', 'site', '{}');

ALTER TABLE cms.posts ADD COLUMN type text COLLATE "C" NOT NULL DEFAULT 'post';
ALTER TABLE cms.posts ALTER COLUMN type DROP DEFAULT, ALTER COLUMN is_featured SET DEFAULT false;
ALTER TABLE cms.pages ADD COLUMN created_at timestamptz, ADD COLUMN type text COLLATE "C" NOT NULL DEFAULT 'page', ADD COLUMN published_at timestamptz;
ALTER TABLE cms.pages ALTER COLUMN type DROP DEFAULT;

CREATE OR REPLACE FUNCTION cms.refuse_projection_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF pg_trigger_depth() < 2 AND coalesce(current_setting('cms.filling', true), '') <> 'yes' THEN
    RAISE EXCEPTION 'cms.% is kept by trigger from cms.entries', TG_TABLE_NAME USING HINT = 'Change the entry: UPDATE cms.entries SET fields = …';
  END IF;
  RETURN NULL;
END $$;

-- A time as fields hold it; NULL for anything else.
CREATE FUNCTION cms.parse_time_field(value text) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN value::timestamptz;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END $$;

-- The statement that copies entries of types ('a', 'b') from source (cms.entries or a transition table) into a table. Texts are cut so that an index can hold them.
CREATE FUNCTION cms.copy_to_type_table(of_table text, columns jsonb, types text, source text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT format(
    'INSERT INTO cms.%I (entry, site, created_at, type, locale, status, published_at, title%s) SELECT id, site, created_at, type, locale, '
    'CASE WHEN removed_at IS NULL THEN status ELSE ''trashed'' END, coalesce(publish_at, created_at), coalesce(fields ->> ''title'', '''')%s FROM %s WHERE type IN (%s)',
    of_table, string_agg(format(', %I', key), '' ORDER BY key),
    string_agg(', ' || format(CASE value #>> '{}'
      WHEN 'text' THEN 'left(fields ->> %1$L, 500)'
      WHEN 'boolean' THEN 'coalesce(fields ->> %1$L, '''') = ''true'''
      WHEN 'numeric' THEN 'CASE jsonb_typeof(fields -> %1$L) WHEN ''number'' THEN (fields ->> %1$L)::numeric END'
      WHEN 'timestamptz' THEN 'cms.parse_time_field(fields ->> %1$L)'
      ELSE 'fields -> %1$L' END, key), '' ORDER BY key),
    source, types)
  FROM jsonb_each(columns)
$$;

-- Writes the functions of the triggers on cms.entries for the tables that there are. Their statements are written out, not put together when they run: Postgres
-- keeps the plans of such statements, and to plan one for hundreds of partitions takes longer than all else that a save does.
CREATE FUNCTION cms.write_type_triggers() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  make text := 'CREATE OR REPLACE FUNCTION cms.%I() RETURNS trigger LANGUAGE plpgsql AS %L';
  added text;
  removed text;
BEGIN
  SELECT string_agg(format(E'  IF EXISTS (SELECT FROM new_rows WHERE type IN (%s)) THEN\n    %s;\n  END IF;\n',
      types, cms.copy_to_type_table(name, columns, types, 'new_rows')), '' ORDER BY name, types) INTO added
    FROM (SELECT name, columns, string_agg(quote_literal(type), ', ' ORDER BY type) AS types FROM cms.type_tables GROUP BY name, columns) t;
  SELECT string_agg(format(E'  IF EXISTS (SELECT FROM old_rows WHERE type IN (%2$s)) THEN\n    DELETE FROM cms.%1$I t USING old_rows o '
      'WHERE o.type IN (%2$s) AND t.entry = o.id AND t.site = o.site AND t.created_at = o.created_at;\n  END IF;\n', name, types), '' ORDER BY name) INTO removed
    FROM (SELECT name, string_agg(quote_literal(type), ', ' ORDER BY type) AS types FROM cms.type_tables GROUP BY name) t;
  EXECUTE format(make, 'note_entries_inserted', format(
    E'\nBEGIN\n  INSERT INTO cms.changes (site, kind, subject) SELECT site, ''e'', id FROM new_rows;\n%s  RETURN NULL;\nEND ', added));
  EXECUTE format(make, 'note_entries_deleted', format(
    E'\nBEGIN\n  INSERT INTO cms.changes (site, kind, subject) SELECT site, ''e'', id FROM old_rows;\n%s  RETURN NULL;\nEND ', removed));
  EXECUTE format(make, 'note_entries_updated', format(E'
BEGIN
  IF EXISTS (SELECT FROM new_rows n JOIN old_rows o USING (id) WHERE (n.created_at, n.site) IS DISTINCT FROM (o.created_at, o.site)) THEN
    RAISE EXCEPTION ''created_at and site of an entry never change'' USING ERRCODE = ''integrity_constraint_violation'';
  END IF;
  INSERT INTO cms.changes (site, kind, subject)
    SELECT n.site, ''e'', n.id FROM new_rows n JOIN old_rows o USING (id)
    WHERE (n.source_key, n.collection, n.type, n.locale, n.translation_key, n.status, n.publish_at, n.expire_at, n.removed_at, n.fields, n.body_key)
      IS DISTINCT FROM (o.source_key, o.collection, o.type, o.locale, o.translation_key, o.status, o.publish_at, o.expire_at, o.removed_at, o.fields, o.body_key);
%s%s  RETURN NULL;
END ', removed, added));
END $$;
SELECT cms.write_type_triggers();

SET LOCAL cms.filling = 'yes';
UPDATE cms.pages p SET created_at = e.created_at, published_at = coalesce(e.publish_at, e.created_at) FROM cms.entries e WHERE e.id = p.entry;
SET LOCAL cms.filling = '';
ALTER TABLE cms.pages ALTER COLUMN created_at SET NOT NULL;

-- Monthly partitions of one table. ATTACH, unlike CREATE … PARTITION OF, lets readers of the parent go on; bounds have their offset, else the session's
-- time zone would shift them. Returns how many were missing. The caller commits before it inserts rows.
CREATE FUNCTION cms.make_months(of_table text, months date[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  month date;
  name text;
  made int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(7164509435960849012);  -- one session makes partitions at a time
  FOREACH month IN ARRAY months LOOP
    name := of_table || '_' || to_char(month, 'YYYY_MM');
    CONTINUE WHEN EXISTS (
      SELECT FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = format('cms.%I', of_table)::regclass AND c.relname = name);
    EXECUTE format('CREATE TABLE cms.%I (LIKE cms.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', name, of_table);
    EXECUTE format('ALTER TABLE cms.%I ATTACH PARTITION cms.%I FOR VALUES FROM (%L) TO (%L)', of_table, name,
      to_char(month, 'YYYY-MM-01 "00:00:00+00"'), to_char(month + interval '1 month', 'YYYY-MM-01 "00:00:00+00"'));
    PERFORM cms.guard_partition(format('cms.%I', name)::regclass);
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;

-- The same for every table by month: all have the months that cms.posts has.
CREATE OR REPLACE FUNCTION cms.make_post_months(months date[]) RETURNS int LANGUAGE sql AS $$
  SELECT coalesce(sum(cms.make_months(name, months)), 0)::int FROM (SELECT DISTINCT name FROM cms.type_tables WHERE partition = 'month' ORDER BY name) t
$$;

-- Makes a type's table what its schema says, and fills it. A column or table is never dropped: another site may have it. Two sites agree about a column's kind.
CREATE FUNCTION cms.declare_type_table(of_type text, of_table text, part text, wanted jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  declared cms.type_tables;
  field text;
  kind text;
  there text;
BEGIN
  PERFORM pg_advisory_xact_lock(7164509435960849012);
  PERFORM set_config('cms.filling', 'yes', true);
  SELECT * INTO declared FROM cms.type_tables WHERE type = of_type;
  IF declared.name IS NOT NULL THEN
    EXECUTE format('DELETE FROM cms.%I WHERE type = %L', declared.name, of_type);
  END IF;
  IF to_regclass(format('cms.%I', of_table)) IS NULL THEN
    EXECUTE format(
      'CREATE TABLE cms.%I (entry bigint NOT NULL, site int NOT NULL, created_at timestamptz NOT NULL, type text COLLATE "C" NOT NULL, '
      'locale text COLLATE "C" NOT NULL, status text COLLATE "C" NOT NULL, published_at timestamptz, title text NOT NULL, PRIMARY KEY (%s)) %s',
      of_table, CASE part WHEN 'month' THEN 'entry, created_at' ELSE 'site, entry' END,
      CASE part WHEN 'month' THEN 'PARTITION BY RANGE (created_at)' WHEN 'site' THEN 'PARTITION BY HASH (site)' ELSE '' END);
    EXECUTE format('CREATE INDEX ON cms.%I (site, status, published_at DESC)', of_table);
    PERFORM cms.guard_partition(format('cms.%I', of_table)::regclass);
    FOR n IN 0 .. CASE part WHEN 'site' THEN 15 ELSE -1 END LOOP
      EXECUTE format('CREATE TABLE cms.%I PARTITION OF cms.%I FOR VALUES WITH (MODULUS 16, REMAINDER %s)', of_table || '_' || n, of_table, n);
      PERFORM cms.guard_partition(format('cms.%I', of_table || '_' || n)::regclass);
    END LOOP;
  ELSIF NOT EXISTS (SELECT FROM cms.type_tables WHERE name = of_table) THEN
    RAISE EXCEPTION 'the store has a table cms.% that is not one of a content type', of_table USING ERRCODE = 'duplicate_table';
  ELSE
    part := (SELECT partition FROM cms.type_tables WHERE name = of_table LIMIT 1);
  END IF;
  FOR field, kind IN SELECT key, value #>> '{}' FROM jsonb_each(wanted) LOOP
    SELECT atttypid::regtype::text INTO there FROM pg_catalog.pg_attribute
      WHERE attrelid = format('cms.%I', of_table)::regclass AND attname = field AND NOT attisdropped;
    IF there IS NULL THEN
      EXECUTE format('ALTER TABLE cms.%I ADD COLUMN %I %s', of_table, field, CASE kind WHEN 'text' THEN 'text COLLATE "C"' ELSE kind END);
      IF kind <> 'jsonb' THEN
        EXECUTE format('CREATE INDEX ON cms.%I (site, %I)', of_table, field);
      END IF;
    ELSIF there <> kind::regtype::text THEN
      RAISE EXCEPTION 'cms.%.% holds % for another site or type', of_table, field, there USING ERRCODE = 'datatype_mismatch';
    END IF;
  END LOOP;
  INSERT INTO cms.type_tables AS t (type, name, partition, columns) VALUES (of_type, of_table, part, wanted)
    ON CONFLICT (type) DO UPDATE SET name = excluded.name, partition = excluded.partition,
      columns = CASE WHEN t.name = excluded.name THEN t.columns ELSE '{}' END || excluded.columns
    RETURNING * INTO declared;
  IF part = 'month' THEN
    PERFORM cms.make_post_months(array_agg(month)) FROM (
      SELECT DISTINCT date_trunc('month', created_at AT TIME ZONE 'UTC')::date AS month FROM cms.entries WHERE type = of_type) m HAVING count(*) > 0;
    PERFORM cms.make_months(of_table, array_agg(to_date(right(c.relname, 7), 'YYYY_MM'))) FROM pg_catalog.pg_inherits i
      JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'cms.posts'::regclass HAVING count(*) > 0;
  END IF;
  EXECUTE cms.copy_to_type_table(of_table, declared.columns, quote_literal(of_type), 'cms.entries');
  PERFORM cms.write_type_triggers();
  PERFORM set_config('cms.filling', '', true);
END $$;
