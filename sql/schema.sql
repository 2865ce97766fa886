-- What the migrations of sql/core make together; those of a vertical are in its own folder. Written by `make schema`; a test keeps it true. Never run.

CREATE SCHEMA cms;

CREATE FUNCTION cms.copy_to_type_table(of_table text, columns jsonb, types text, source text) RETURNS text
    LANGUAGE sql STABLE
    AS $_$
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
$_$;

CREATE FUNCTION cms.count_documents() RETURNS trigger
    LANGUAGE plpgsql
    SET "DateStyle" TO 'ISO'
    AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO cms.document_counts AS c (site, locale, name, documents)
    SELECT n.site, n.locale, name, count(*) FROM new_rows n, cms.list_counted(n.terms, n.published_at) name WHERE n.shown
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (site, locale, name) DO UPDATE SET documents = c.documents + excluded.documents;
    RETURN NULL;
  END IF;
  IF TG_OP = 'DELETE' THEN
    INSERT INTO cms.document_counts AS c (site, locale, name, documents)
    SELECT o.site, o.locale, name, -count(*) FROM old_rows o, cms.list_counted(o.terms, o.published_at) name WHERE o.shown
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (site, locale, name) DO UPDATE SET documents = c.documents + excluded.documents;
  ELSE
    INSERT INTO cms.document_counts AS c (site, locale, name, documents)
    SELECT site, locale, name, sum(step) FROM (
      SELECT p.* FROM old_rows o JOIN new_rows n USING (entry)
      CROSS JOIN LATERAL (
        SELECT o.site, o.locale, name, -1 AS step FROM cms.list_counted(o.terms, o.published_at) name WHERE o.shown
        UNION ALL SELECT n.site, n.locale, name, 1 FROM cms.list_counted(n.terms, n.published_at) name WHERE n.shown) p
      WHERE (o.shown, o.site, o.locale, o.published_at, o.terms) IS DISTINCT FROM (n.shown, n.site, n.locale, n.published_at, n.terms)) steps
    GROUP BY 1, 2, 3 HAVING sum(step) <> 0 ORDER BY 1, 2, 3
    ON CONFLICT (site, locale, name) DO UPDATE SET documents = c.documents + excluded.documents;
  END IF;
  DELETE FROM cms.document_counts WHERE documents = 0 AND site IN (SELECT site FROM old_rows);
  RETURN NULL;
END $$;

CREATE FUNCTION cms.create_monthly_partitions(ahead integer DEFAULT 4) RETURNS integer
    LANGUAGE sql
    AS $$
  SELECT cms.make_post_months(array_agg((date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month')::date ORDER BY n))
  FROM generate_series(0, ahead) n
$$;

CREATE FUNCTION cms.current_act() RETURNS bigint
    LANGUAGE sql STABLE
    AS $$ SELECT nullif(current_setting('cms.act', true), '')::bigint $$;

CREATE FUNCTION cms.current_author(source text, named text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  SELECT CASE WHEN coalesce(current_setting('cms.origin', true), '') <> '' THEN coalesce(current_setting('cms.author', true), '')
              WHEN source = 'file' THEN '' ELSE session_user::text END
$$;

CREATE FUNCTION cms.current_origin(source text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  SELECT coalesce(nullif(current_setting('cms.origin', true), ''), CASE WHEN source IN ('file', 'shared') THEN source ELSE 'sql' END)
$$;

CREATE FUNCTION cms.declare_type_table(of_type text, of_table text, part text, wanted jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION cms.diff_fields(before jsonb, after jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$
  SELECT coalesce(jsonb_object_agg(key, jsonb_build_array(b.value, a.value)), '{}')
  FROM jsonb_each(before) b FULL JOIN jsonb_each(after) a USING (key) WHERE b.value IS DISTINCT FROM a.value
$$;

CREATE FUNCTION cms.disputed(of_payment bigint) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  SELECT coalesce(sum(d.amount), 0)::bigint FROM cms.payment_disputes d WHERE d.payment = of_payment AND d.status IN ('open', 'lost')
$$;

CREATE FUNCTION cms.follow_rows(followed regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER note_inserted AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_rows()', followed);
  EXECUTE format('CREATE TRIGGER note_updated AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_rows()', followed);
  EXECUTE format('CREATE TRIGGER note_deleted AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_rows()', followed);
  EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate()', followed);
END $$;

CREATE FUNCTION cms.great_circle_km(lat1 double precision, lng1 double precision, lat2 double precision, lng2 double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  SELECT 2 * 6371.0088 * asin(least(1, sqrt(sind((lat2 - lat1) / 2) ^ 2 + cosd(lat1) * cosd(lat2) * sind((lng2 - lng1) / 2) ^ 2)))
$$;

CREATE FUNCTION cms.guard_partition(partition regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate()', partition);
  EXECUTE format('CREATE TRIGGER refuse_write BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write()', partition);
END $$;

CREATE FUNCTION cms.key_bodies() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF NEW.key = OLD.key THEN
    NEW.key := decode(md5(concat_ws(E'\x01', NEW.html, NEW.toc, NEW.words, NEW.links, NEW.excerpt)), 'hex');
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION cms.list_counted(terms text[], published_at timestamp with time zone) RETURNS SETOF text
    LANGUAGE sql STABLE ROWS 10 PARALLEL SAFE
    AS $$
  SELECT '/' UNION ALL SELECT unnest(terms)
  UNION ALL SELECT '/' || date_trunc('month', published_at AT TIME ZONE 'UTC')::date::text WHERE published_at IS NOT NULL
$$;

CREATE FUNCTION cms.make_document_vector(config regconfig, texts text[], words text[]) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  SELECT setweight(to_tsvector('simple', coalesce(words[1], '')), 'A') || setweight(to_tsvector('simple', coalesce(words[2], '')), 'B')
      || setweight(to_tsvector('simple', coalesce(words[3], '')), 'C')
      || CASE WHEN config = 'simple'::regconfig THEN ''::tsvector ELSE
           setweight(to_tsvector(config, coalesce(texts[1], '')), 'A') || setweight(to_tsvector(config, coalesce(texts[2], '')), 'B')
           || setweight(to_tsvector(config, coalesce(texts[3], '')), 'C') END
$$;

CREATE FUNCTION cms.make_months(of_table text, months date[]) RETURNS integer
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION cms.make_post_months(months date[]) RETURNS integer
    LANGUAGE sql
    AS $$
  SELECT coalesce(sum(cms.make_months(name, months)), 0)::int FROM (SELECT DISTINCT name FROM cms.type_tables WHERE partition = 'month' ORDER BY name) t
$$;

CREATE FUNCTION cms.make_term_query(config regconfig, kind text, txt text, word text) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE
    AS $$
DECLARE
  found tsquery := phraseto_tsquery('simple', word);
  beginning text := translate(word, '''\', ''); -- a word, so nothing is lost
BEGIN
  IF config <> 'simple'::regconfig THEN
    found := found || phraseto_tsquery(config, txt);
  END IF;
  IF kind = 'prefix' AND beginning <> '' THEN
    found := found || to_tsquery('simple', '''' || beginning || ''':*');
  END IF;
  RETURN found;
END $$;

CREATE FUNCTION cms.note_bodies() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO cms.changes (site, kind, subject) SELECT e.site, 'e', e.id FROM old_rows b JOIN cms.entries e ON e.id = b.entry
      WHERE NOT EXISTS (SELECT FROM cms.changes c WHERE c.subject = b.entry AND c.kind = 'e' AND c.made_in = pg_current_xact_id());
  ELSE
    INSERT INTO cms.changes (site, kind, subject) SELECT e.site, 'e', e.id FROM new_rows b JOIN cms.entries e ON e.id = b.entry
      WHERE NOT EXISTS (SELECT FROM cms.changes c WHERE c.subject = b.entry AND c.kind = 'e' AND c.made_in = pg_current_xact_id());
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_comments() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.rating IS NULL AND OLD.status = 'approved' AND (TG_OP = 'DELETE' OR (NEW.status, NEW.entry, NEW.author_name, NEW.content, NEW.owner_response)
    IS DISTINCT FROM (OLD.status, OLD.entry, OLD.author_name, OLD.content, OLD.owner_response)) THEN
    PERFORM cms.touch(OLD.site, 'fact/discussion/' || OLD.entry);
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.rating IS NULL AND NEW.status = 'approved' AND (TG_OP = 'INSERT' OR (NEW.status, NEW.entry, NEW.author_name, NEW.content, NEW.owner_response)
    IS DISTINCT FROM (OLD.status, OLD.entry, OLD.author_name, OLD.content, OLD.owner_response)) THEN
    PERFORM cms.touch(NEW.site, 'fact/discussion/' || NEW.entry);
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_discussions() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF TG_OP <> 'UPDATE' OR OLD IS DISTINCT FROM NEW THEN
    PERFORM cms.touch(coalesce(NEW.site, OLD.site), 'fact/discussion/' || coalesce(NEW.entry, OLD.entry));
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_entries_deleted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject) SELECT site, 'e', id FROM old_rows;
  IF EXISTS (SELECT FROM old_rows WHERE type IN ('page')) THEN
    DELETE FROM cms.pages t USING old_rows o WHERE o.type IN ('page') AND t.entry = o.id AND t.site = o.site AND t.created_at = o.created_at;
  END IF;
  IF EXISTS (SELECT FROM old_rows WHERE type IN ('post')) THEN
    DELETE FROM cms.posts t USING old_rows o WHERE o.type IN ('post') AND t.entry = o.id AND t.site = o.site AND t.created_at = o.created_at;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_entries_inserted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject) SELECT site, 'e', id FROM new_rows;
  IF EXISTS (SELECT FROM new_rows WHERE type IN ('page')) THEN
    INSERT INTO cms.pages (entry, site, created_at, type, locale, status, published_at, title) SELECT id, site, created_at, type, locale, CASE WHEN removed_at IS NULL THEN status ELSE 'trashed' END, coalesce(publish_at, created_at), coalesce(fields ->> 'title', '') FROM new_rows WHERE type IN ('page');
  END IF;
  IF EXISTS (SELECT FROM new_rows WHERE type IN ('post')) THEN
    INSERT INTO cms.posts (entry, site, created_at, type, locale, status, published_at, title, is_featured, section) SELECT id, site, created_at, type, locale, CASE WHEN removed_at IS NULL THEN status ELSE 'trashed' END, coalesce(publish_at, created_at), coalesce(fields ->> 'title', ''), coalesce(fields ->> 'is_featured', '') = 'true', left(fields ->> 'section', 500) FROM new_rows WHERE type IN ('post');
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_entries_updated() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF (SELECT bool_or((n.created_at, n.site) IS DISTINCT FROM (o.created_at, o.site)) FROM new_rows n JOIN old_rows o USING (id)) THEN
    RAISE EXCEPTION 'created_at and site of an entry never change' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  INSERT INTO cms.changes (site, kind, subject)
    SELECT n.site, 'e', n.id FROM new_rows n JOIN old_rows o USING (id)
    WHERE (n.source_key, n.collection, n.type, n.locale, n.translation_key, n.status, n.publish_at, n.expire_at, n.removed_at, n.fields, n.body_key)
      IS DISTINCT FROM (o.source_key, o.collection, o.type, o.locale, o.translation_key, o.status, o.publish_at, o.expire_at, o.removed_at, o.fields, o.body_key);
  IF EXISTS (SELECT FROM old_rows WHERE type IN ('page')) THEN
    DELETE FROM cms.pages t USING old_rows o WHERE o.type IN ('page') AND t.entry = o.id AND t.site = o.site AND t.created_at = o.created_at;
  END IF;
  IF EXISTS (SELECT FROM old_rows WHERE type IN ('post')) THEN
    DELETE FROM cms.posts t USING old_rows o WHERE o.type IN ('post') AND t.entry = o.id AND t.site = o.site AND t.created_at = o.created_at;
  END IF;
  IF EXISTS (SELECT FROM new_rows WHERE type IN ('page')) THEN
    INSERT INTO cms.pages (entry, site, created_at, type, locale, status, published_at, title) SELECT id, site, created_at, type, locale, CASE WHEN removed_at IS NULL THEN status ELSE 'trashed' END, coalesce(publish_at, created_at), coalesce(fields ->> 'title', '') FROM new_rows WHERE type IN ('page');
  END IF;
  IF EXISTS (SELECT FROM new_rows WHERE type IN ('post')) THEN
    INSERT INTO cms.posts (entry, site, created_at, type, locale, status, published_at, title, is_featured, section) SELECT id, site, created_at, type, locale, CASE WHEN removed_at IS NULL THEN status ELSE 'trashed' END, coalesce(publish_at, created_at), coalesce(fields ->> 'title', ''), coalesce(fields ->> 'is_featured', '') = 'true', left(fields ->> 'section', 500) FROM new_rows WHERE type IN ('post');
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_files() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO cms.changes (site, kind, subject) SELECT site, 'f', id FROM old_rows;
  END IF;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO cms.changes (site, kind, subject) SELECT site, 'f', id FROM new_rows;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_most_read() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO cms.changes (site, kind, subject) SELECT site, 'd', entry FROM old_rows;
  ELSE
    INSERT INTO cms.changes (site, kind, subject) SELECT site, 'd', entry FROM new_rows;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_reviews_deleted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject) SELECT site, 'r', number FROM old_rows WHERE status = 'approved';
  PERFORM cms.rate(entry, site, -total, -n, -written, d) FROM (
    SELECT entry, site, sum(rating) AS total, count(*) AS n, count(*) FILTER (WHERE content <> '') AS written,
      ARRAY[-count(*) FILTER (WHERE rating = 1), -count(*) FILTER (WHERE rating = 2), -count(*) FILTER (WHERE rating = 3), -count(*) FILTER (WHERE rating = 4),
            -count(*) FILTER (WHERE rating = 5)]::int[] AS d
    FROM old_rows WHERE status = 'approved' AND rating IS NOT NULL GROUP BY entry, site ORDER BY entry) x;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_reviews_inserted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject) SELECT site, 'r', number FROM new_rows WHERE status = 'approved';
  PERFORM cms.rate(entry, site, total, n, written, d) FROM (
    SELECT entry, site, sum(rating) AS total, count(*) AS n, count(*) FILTER (WHERE content <> '') AS written,
      ARRAY[count(*) FILTER (WHERE rating = 1), count(*) FILTER (WHERE rating = 2), count(*) FILTER (WHERE rating = 3), count(*) FILTER (WHERE rating = 4),
            count(*) FILTER (WHERE rating = 5)]::int[] AS d
    FROM new_rows WHERE status = 'approved' AND rating IS NOT NULL GROUP BY entry, site ORDER BY entry) x;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_reviews_updated() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject) SELECT n.site, 'r', n.number FROM new_rows n JOIN old_rows o USING (number)
    WHERE 'approved' IN (n.status, o.status) AND (n.status, n.entry, n.author_name, n.rating, n.title, n.content, n.pros, n.cons, n.images, n.is_verified_purchase,
      n.visit_date, n.owner_response, n.owner_response_at, n.created_at) IS DISTINCT FROM (o.status, o.entry, o.author_name, o.rating, o.title, o.content, o.pros,
      o.cons, o.images, o.is_verified_purchase, o.visit_date, o.owner_response, o.owner_response_at, o.created_at);
  PERFORM cms.rate(entry, site, total, n, written, d) FROM (
    SELECT entry, site, sum(sign * rating) AS total, sum(sign) AS n, coalesce(sum(sign) FILTER (WHERE content <> ''), 0) AS written,
      ARRAY[coalesce(sum(sign) FILTER (WHERE rating = 1), 0), coalesce(sum(sign) FILTER (WHERE rating = 2), 0), coalesce(sum(sign) FILTER (WHERE rating = 3), 0),
            coalesce(sum(sign) FILTER (WHERE rating = 4), 0), coalesce(sum(sign) FILTER (WHERE rating = 5), 0)]::int[] AS d
    FROM (SELECT entry, site, rating, content, 1 AS sign FROM new_rows WHERE status = 'approved' AND rating IS NOT NULL
          UNION ALL SELECT entry, site, rating, content, -1 FROM old_rows WHERE status = 'approved' AND rating IS NOT NULL) both_ GROUP BY entry, site ORDER BY entry) x;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_revisions_added() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO cms.revisions (site, entry, version, kind, author, origin, act)
    SELECT site, id, version, 'a', cms.current_author(source, author), cms.current_origin(source), cms.current_act() FROM new_rows
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_revisions_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO cms.revisions AS r (site, entry, version, kind, author, origin, act, changes)
    SELECT n.site, n.id, n.version, 'c', cms.current_author(n.source, n.author), cms.current_origin(n.source), cms.current_act(), d.changes
    FROM new_rows n JOIN old_rows o USING (id) CROSS JOIN LATERAL (
      SELECT CASE WHEN n.fields = o.fields THEN '{}'::jsonb ELSE cms.diff_fields(o.fields, n.fields) END
        || CASE WHEN (n.status, n.removed_at IS NULL) IS DISTINCT FROM (o.status, o.removed_at IS NULL) THEN jsonb_build_object('status',
             jsonb_build_array(CASE WHEN o.removed_at IS NULL THEN o.status ELSE 'trashed' END, CASE WHEN n.removed_at IS NULL THEN n.status ELSE 'trashed' END))
           ELSE '{}' END
        || CASE WHEN n.source_key <> o.source_key THEN jsonb_build_object('file', jsonb_build_array(o.source_key, n.source_key)) ELSE '{}' END
        || CASE WHEN n.type <> o.type THEN jsonb_build_object('type', jsonb_build_array(o.type, n.type)) ELSE '{}' END
        || CASE WHEN n.collection <> o.collection THEN jsonb_build_object('collection', jsonb_build_array(o.collection, n.collection)) ELSE '{}' END
        || CASE WHEN n.locale <> o.locale THEN jsonb_build_object('locale', jsonb_build_array(o.locale, n.locale)) ELSE '{}' END
        || CASE WHEN n.translation_key <> o.translation_key
             THEN jsonb_build_object('translation_key', jsonb_build_array(o.translation_key, n.translation_key)) ELSE '{}' END
        || CASE WHEN n.source IN ('file', 'shared') AND n.body_key IS DISTINCT FROM o.body_key AND coalesce(current_setting('cms.rereading', true), '') <> 'on'
             THEN jsonb_build_object('body', jsonb_build_array(encode(o.body_key, 'hex'), encode(n.body_key, 'hex'))) ELSE '{}' END AS changes) d
    WHERE d.changes <> '{}' OR n.source NOT IN ('file', 'shared') AND n.version <> o.version -- its Markdown changed; that follows
    ON CONFLICT (entry, version) DO UPDATE SET changes = r.changes || excluded.changes;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_revisions_deleted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO cms.revisions AS r (site, entry, version, kind, author, origin, act, changes)
    SELECT o.site, o.id, o.version + 1, 'd', cms.current_author(o.source, o.author), cms.current_origin(o.source), cms.current_act(),
      cms.diff_fields(o.fields || jsonb_build_object('file', o.source_key, 'type', o.type, 'locale', o.locale, 'status', o.status), '{}')
    FROM old_rows o
    ON CONFLICT (entry, version) DO UPDATE SET kind = 'd', changes = excluded.changes;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_rows() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO cms.changes (site, kind, subject) SELECT site, 'r', number FROM new_rows;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO cms.changes (site, kind, subject) SELECT site, 'r', number FROM old_rows;
  ELSE
    INSERT INTO cms.changes (site, kind, subject)
      SELECT n.site, 'r', n.number FROM new_rows n JOIN old_rows o USING (number) WHERE n IS DISTINCT FROM o;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_search_changes() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO cms.search_changes AS c (site, entry, locale)
    SELECT o.site, o.entry, o.locale FROM old_rows o JOIN cms.search_engines USING (site) ORDER BY 1, 2, 3
    ON CONFLICT (site, entry, locale) DO UPDATE SET version = excluded.version;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO cms.search_changes AS c (site, entry, locale)
    SELECT n.site, n.entry, n.locale FROM new_rows n JOIN cms.search_engines USING (site) ORDER BY 1, 2, 3
    ON CONFLICT (site, entry, locale) DO UPDATE SET version = excluded.version;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_texts_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  UPDATE cms.entries e SET version = e.version + 1 FROM new_rows n JOIN old_rows o USING (entry)
    WHERE e.id = n.entry AND n.markdown <> o.markdown AND NOT EXISTS (
      SELECT FROM cms.revisions r WHERE r.entry = e.id AND r.version = e.version AND r.made_in = pg_current_xact_id());
  INSERT INTO cms.revisions AS r (site, entry, version, kind, author, origin, act, body)
    SELECT e.site, e.id, e.version, 'c', cms.current_author(e.source, e.author), cms.current_origin(e.source), cms.current_act(), o.markdown
    FROM new_rows n JOIN old_rows o USING (entry) JOIN cms.entries e ON e.id = n.entry WHERE n.markdown <> o.markdown
    ON CONFLICT (entry, version) DO UPDATE SET body = coalesce(r.body, excluded.body);
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_texts_deleted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO cms.revisions AS r (site, entry, version, kind, author, origin, act, body)
    SELECT e.site, e.id, CASE WHEN EXISTS (SELECT FROM cms.revisions p WHERE p.entry = e.id AND p.version = e.version AND p.made_in = pg_current_xact_id())
                         THEN e.version ELSE e.version + 1 END,
      'c', cms.current_author(e.source, e.author), cms.current_origin(e.source), cms.current_act(), o.markdown
    FROM old_rows o JOIN cms.entries e ON e.id = o.entry
    ON CONFLICT (entry, version) DO UPDATE SET body = coalesce(r.body, excluded.body);
  RETURN NULL;
END $$;

CREATE FUNCTION cms.number_versions() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF NEW.version = OLD.version THEN
    NEW.version := OLD.version + 1;
  END IF;
  NEW.changed_at := clock_timestamp();
  IF NEW.source <> 'file' AND NEW.digest = OLD.digest THEN
    NEW.digest := ''::bytea;
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION cms.parse_time_field(value text) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
  RETURN value::timestamptz;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END $$;

CREATE FUNCTION cms.raise_documents() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM cms.raise_tags(s.site, ARRAY['search']) FROM (SELECT DISTINCT site FROM old_rows ORDER BY site) s;
  ELSE
    PERFORM cms.raise_tags(s.site, ARRAY['search']) FROM (SELECT DISTINCT site FROM new_rows ORDER BY site) s;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.raise_search_sent() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  PERFORM cms.raise_tags(NEW.site, ARRAY['search']);
  RETURN NULL;
END $$;

CREATE FUNCTION cms.raise_tags(for_site integer, tags text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO cms.tag_versions (site, tag) SELECT for_site, t FROM unnest(tags) t WHERE t IS NOT NULL ON CONFLICT DO NOTHING;
  IF FOUND THEN
    PERFORM pg_notify('cms_tags', '');
  END IF;
END $$;

CREATE FUNCTION cms.rank_documents(for_site integer) RETURNS void
    LANGUAGE sql
    AS $$
  WITH moved AS (
    SELECT d.entry, n.popularity FROM cms.documents d
    CROSS JOIN LATERAL (SELECT round(ln(1 + coalesce((SELECT sum(h.hits) FROM cms.hits h WHERE h.site = d.site AND h.path = d.path), 0)), 1)::real AS popularity) n
    WHERE d.site = for_site AND d.popularity <> n.popularity ORDER BY d.entry FOR UPDATE OF d SKIP LOCKED)
  UPDATE cms.documents d SET popularity = m.popularity FROM moved m WHERE d.entry = m.entry
$$;

CREATE FUNCTION cms.rank_most_read(for_site integer, days integer, most integer) RETURNS void
    LANGUAGE sql
    AS $$
  WITH ranked AS (
    SELECT k.entry, row_number() OVER (PARTITION BY k.type, k.locale ORDER BY sum(r.hits) DESC, k.path) AS place
    FROM (SELECT h.path, sum(h.hits) AS hits FROM cms.hits h
          WHERE h.site = for_site AND h.day > (SELECT max(day) FROM cms.hits WHERE site = for_site) - days GROUP BY h.path) r
    JOIN cms.claims c ON c.site = for_site AND c.name = r.path AND c.wins AND c.owner_kind = 'e' AND c.kind IN (0, 4)
    JOIN cms.cards k ON k.entry = c.owner AND k.listed
    GROUP BY k.entry, k.type, k.locale, k.path),
  best AS (SELECT entry, place FROM ranked WHERE place <= most),
  gone AS (DELETE FROM cms.most_read m WHERE m.site = for_site AND NOT EXISTS (SELECT FROM best b WHERE b.entry = m.entry)),
  moved AS (UPDATE cms.most_read m SET place = b.place FROM best b WHERE b.entry = m.entry AND m.place <> b.place)
  INSERT INTO cms.most_read (entry, site, place) SELECT b.entry, for_site, b.place FROM best b
  WHERE NOT EXISTS (SELECT FROM cms.most_read m WHERE m.entry = b.entry) AND EXISTS (SELECT FROM cms.entries e WHERE e.id = b.entry)
  ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION cms.rate(entry bigint, site integer, delta_sum bigint, delta_count bigint, delta_reviews bigint, d integer[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF delta_sum = 0 AND delta_count = 0 AND delta_reviews = 0 AND d = '{0,0,0,0,0}'::int[] THEN
    RETURN;
  END IF;
  INSERT INTO cms.ratings AS r (entry, site, rating_sum, rating_count, review_count, stars)
    VALUES (rate.entry, rate.site, delta_sum, delta_count, delta_reviews, d)
    ON CONFLICT ON CONSTRAINT ratings_pkey DO UPDATE SET rating_sum = r.rating_sum + excluded.rating_sum, rating_count = r.rating_count + excluded.rating_count,
      review_count = r.review_count + excluded.review_count,
      stars = ARRAY[r.stars[1] + d[1], r.stars[2] + d[2], r.stars[3] + d[3], r.stars[4] + d[4], r.stars[5] + d[5]];
  PERFORM cms.touch(rate.site, 'fact/rating/' || rate.entry);
END $$;

CREATE FUNCTION cms.read_texts_again() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF NEW.read_digest = OLD.read_digest THEN
    NEW.read_digest := ''::bytea;
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION cms.refresh_daily_stats() RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO cms.statistics_refreshed (at) VALUES (clock_timestamp()) ON CONFLICT (only_row) DO UPDATE SET at = excluded.at;
  REFRESH MATERIALIZED VIEW CONCURRENTLY cms.daily_post_stats;
  REFRESH MATERIALIZED VIEW CONCURRENTLY cms.category_stats;
END $$;

CREATE FUNCTION cms.refuse_projection_write() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF pg_trigger_depth() < 2 AND coalesce(current_setting('cms.filling', true), '') <> 'yes' THEN
    RAISE EXCEPTION 'cms.% is kept by trigger from cms.entries', TG_TABLE_NAME USING HINT = 'Change the entry: UPDATE cms.entries SET fields = …';
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.refuse_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  RAISE EXCEPTION 'TRUNCATE on cms.% would leave stale pages behind', TG_TABLE_NAME USING HINT = 'Use DELETE, or cms trash.';
END $$;

CREATE FUNCTION cms.sum_old_hits(for_site integer, kept_days integer) RETURNS void
    LANGUAGE sql
    AS $$
  WITH old AS (
    DELETE FROM cms.hits WHERE site = for_site AND day < CURRENT_DATE - kept_days AND extract(day FROM day) <> 1 RETURNING path, day, hits)
  INSERT INTO cms.hits (site, path, day, hits)
  SELECT for_site, path, date_trunc('month', day)::date, sum(hits)::bigint FROM old GROUP BY 2, 3
  ON CONFLICT (site, path, day) DO UPDATE SET hits = hits.hits + excluded.hits
$$;

CREATE FUNCTION cms.takes_comments(for_entry bigint) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  SELECT CASE WHEN e.fields -> 'allow_comments' = 'false' THEN false
    ELSE coalesce(d.is_open, e.fields -> 'allow_comments' = 'true', false) END
  FROM cms.entries e LEFT JOIN cms.discussions d ON d.entry = e.id WHERE e.id = for_entry
$$;

CREATE FUNCTION cms.touch(site integer, name text) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject, name) VALUES (touch.site, 'n', 0, touch.name);
  PERFORM cms.raise_tags(touch.site, ARRAY[touch.name]);
END $$;

CREATE FUNCTION cms.touch_all(for_site integer, names text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject, name) SELECT for_site, 'n', 0, n FROM unnest(names) n;
  PERFORM cms.raise_tags(for_site, names);
END $$;

COMMENT ON FUNCTION cms.touch_all(for_site integer, names text[]) IS 'cms.touch for many names of one site.';

CREATE FUNCTION cms.write_type_triggers() RETURNS void
    LANGUAGE plpgsql
    AS $_$
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
  IF (SELECT bool_or((n.created_at, n.site) IS DISTINCT FROM (o.created_at, o.site)) FROM new_rows n JOIN old_rows o USING (id)) THEN
    RAISE EXCEPTION ''created_at and site of an entry never change'' USING ERRCODE = ''integrity_constraint_violation'';
  END IF;
  INSERT INTO cms.changes (site, kind, subject)
    SELECT n.site, ''e'', n.id FROM new_rows n JOIN old_rows o USING (id)
    WHERE (n.source_key, n.collection, n.type, n.locale, n.translation_key, n.status, n.publish_at, n.expire_at, n.removed_at, n.fields, n.body_key)
      IS DISTINCT FROM (o.source_key, o.collection, o.type, o.locale, o.translation_key, o.status, o.publish_at, o.expire_at, o.removed_at, o.fields, o.body_key);
%s%s  RETURN NULL;
END ', removed, added));
END $_$;

CREATE TABLE cms.acts (
    id bigint NOT NULL,
    site integer NOT NULL,
    made_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    author text DEFAULT ''::text NOT NULL,
    origin text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    what text DEFAULT ''::text NOT NULL,
    refused text DEFAULT ''::text NOT NULL,
    undone_by bigint
);

ALTER TABLE cms.acts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.acts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.bodies (
    entry bigint NOT NULL,
    key bytea NOT NULL,
    html text NOT NULL,
    toc jsonb NOT NULL,
    words integer NOT NULL,
    links jsonb NOT NULL,
    excerpt text NOT NULL
)
WITH (toast_tuple_target='8160');
ALTER TABLE ONLY cms.bodies ALTER COLUMN html SET STORAGE EXTERNAL;

CREATE TABLE cms.builds (
    id bigint NOT NULL,
    site integer NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    finished_at timestamp with time zone,
    clock timestamp with time zone NOT NULL,
    result jsonb
);

ALTER TABLE cms.builds ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.builds_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.cards (
    entry bigint NOT NULL,
    site integer NOT NULL,
    type text NOT NULL COLLATE pg_catalog."C",
    locale text NOT NULL COLLATE pg_catalog."C",
    translation_key text NOT NULL COLLATE pg_catalog."C",
    live boolean NOT NULL,
    listed boolean NOT NULL,
    held boolean DEFAULT false NOT NULL,
    path text COLLATE pg_catalog."C",
    card jsonb NOT NULL,
    card_digest bytea NOT NULL,
    address_digest bytea NOT NULL,
    full_digest bytea NOT NULL,
    problem text DEFAULT ''::text NOT NULL
);

CREATE TABLE cms.claims (
    site integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    kind smallint NOT NULL,
    locale text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    owner_kind "char" NOT NULL,
    owner bigint NOT NULL,
    spec jsonb,
    wins boolean NOT NULL,
    since text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE cms.hits (
    site integer NOT NULL,
    path text NOT NULL COLLATE pg_catalog."C",
    day date NOT NULL,
    hits bigint NOT NULL
);

CREATE VIEW cms.entry_views AS
 SELECT c.owner AS entry,
    c.site,
    (sum(h.hits))::bigint AS views
   FROM (cms.hits h
     JOIN cms.claims c ON (((c.site = h.site) AND (c.name = h.path) AND c.wins AND (c.owner_kind = 'e'::"char") AND (c.kind = ANY (ARRAY[0, 4])))))
  GROUP BY c.owner, c.site;

CREATE TABLE cms.list_items (
    list integer NOT NULL,
    sort_key bytea NOT NULL,
    member bigint NOT NULL,
    label text COLLATE pg_catalog."C"
);

CREATE TABLE cms.lists (
    id integer NOT NULL,
    site integer NOT NULL,
    locale text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    items integer DEFAULT 0 NOT NULL,
    pages integer DEFAULT 0 NOT NULL,
    stale_from bytea,
    card jsonb
);

CREATE VIEW cms.terms AS
 SELECT id AS term,
    site,
    locale,
    split_part(name, '/'::text, 1) AS taxonomy,
    substr(name, (strpos(name, '/'::text) + 1)) AS slug,
    (card ->> 'title'::text) AS title,
    items
   FROM cms.lists l
  WHERE ((card ->> 'taxonomy'::text) IS NOT NULL);

CREATE MATERIALIZED VIEW cms.category_stats AS
 SELECT t.site AS site_id,
    t.taxonomy AS taxonomy_id,
    t.term AS term_id,
    t.locale,
    COALESCE(t.title, t.slug) AS category_name,
    count(DISTINCT i.member) AS content_count,
    (COALESCE(sum(v.views), (0)::numeric))::bigint AS total_views
   FROM ((cms.terms t
     JOIN cms.list_items i ON ((i.list = t.term)))
     LEFT JOIN cms.entry_views v ON ((v.entry = i.member)))
  GROUP BY t.site, t.taxonomy, t.term, t.locale, COALESCE(t.title, t.slug)
  WITH NO DATA;

CREATE TABLE cms.changes (
    id bigint NOT NULL,
    site integer NOT NULL,
    kind "char" NOT NULL,
    subject bigint NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    made_in xid8 DEFAULT pg_current_xact_id() NOT NULL,
    name text COLLATE pg_catalog."C"
);

COMMENT ON COLUMN cms.changes.kind IS 'e entry written, d entry to derive again, f file, r row of a vertical''s table, n named value';

ALTER TABLE cms.changes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.changes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.comments (
    id bigint NOT NULL,
    site integer NOT NULL,
    entry bigint NOT NULL,
    version integer NOT NULL,
    change bigint,
    made_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    author text DEFAULT ''::text NOT NULL,
    text text NOT NULL,
    asks boolean DEFAULT false NOT NULL,
    resolved_at timestamp with time zone,
    resolved_by text DEFAULT ''::text NOT NULL
);

ALTER TABLE cms.comments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.comments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW cms.content_terms AS
 SELECT i.member AS entry,
    i.list AS term,
    t.site,
    t.taxonomy,
    t.slug
   FROM (cms.list_items i
     JOIN cms.terms t ON ((t.term = i.list)));

CREATE TABLE cms.posts (
    entry bigint NOT NULL,
    site integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    locale text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone,
    title text NOT NULL,
    section text COLLATE pg_catalog."C",
    is_featured boolean DEFAULT false NOT NULL,
    type text NOT NULL COLLATE pg_catalog."C"
)
PARTITION BY RANGE (created_at);

CREATE TABLE cms.sites (
    id integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    built_at_clock timestamp with time zone,
    derive_digest bytea,
    sync_state jsonb DEFAULT '{}'::jsonb NOT NULL,
    known_inputs bytea,
    lease_epoch bigint DEFAULT 0 NOT NULL,
    lease_holder text,
    lease_expires_at timestamp with time zone,
    target text COLLATE pg_catalog."C",
    place text COLLATE pg_catalog."C",
    writer uuid DEFAULT gen_random_uuid() NOT NULL,
    conditions boolean,
    purges_wait_until timestamp with time zone,
    has_images boolean DEFAULT false NOT NULL,
    has_bad_images boolean DEFAULT false NOT NULL,
    held_release bigint,
    held_by bigint,
    held_at timestamp with time zone,
    keeps_releases boolean DEFAULT false NOT NULL,
    target_marked boolean DEFAULT false NOT NULL,
    timezone text DEFAULT 'UTC'::text NOT NULL
);

CREATE MATERIALIZED VIEW cms.daily_post_stats AS
 SELECT p.site AS site_id,
    ((p.published_at AT TIME ZONE s.timezone))::date AS publish_date,
    count(*) AS posts_count,
    count(*) FILTER (WHERE p.is_featured) AS featured_count,
    (COALESCE(sum(v.views), (0)::numeric))::bigint AS total_views,
    round(avg(COALESCE(v.views, (0)::bigint)), 2) AS avg_views
   FROM ((cms.posts p
     JOIN cms.sites s ON ((s.id = p.site)))
     LEFT JOIN cms.entry_views v ON ((v.entry = p.entry)))
  WHERE ((p.status = 'published'::text) AND (p.published_at <= now()))
  GROUP BY p.site, (((p.published_at AT TIME ZONE s.timezone))::date)
  WITH NO DATA;

CREATE TABLE cms.deliveries (
    id text NOT NULL COLLATE pg_catalog."C",
    site integer NOT NULL,
    event text NOT NULL COLLATE pg_catalog."C",
    url text NOT NULL COLLATE pg_catalog."C",
    body text NOT NULL,
    made_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone DEFAULT clock_timestamp(),
    delivered_at timestamp with time zone,
    answer text DEFAULT ''::text NOT NULL
);

CREATE TABLE cms.desk_sessions (
    digest bytea NOT NULL,
    site integer NOT NULL,
    token bigint NOT NULL,
    ends_at timestamp with time zone NOT NULL
);

CREATE SEQUENCE cms.dirty_versions
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE cms.dirty (
    site integer NOT NULL,
    path text NOT NULL COLLATE pg_catalog."C",
    phase smallint NOT NULL,
    lane smallint NOT NULL,
    reason text NOT NULL,
    version bigint DEFAULT nextval('cms.dirty_versions'::regclass) NOT NULL,
    turn smallint GENERATED ALWAYS AS (
CASE
    WHEN (phase <= 2) THEN (phase)::integer
    WHEN (phase = 9) THEN 32767
    ELSE ((10 + (lane * 10)) + phase)
END) STORED NOT NULL
);

CREATE TABLE cms.discussions (
    entry bigint NOT NULL,
    site integer NOT NULL,
    is_open boolean NOT NULL
);

CREATE TABLE cms.document_counts (
    site integer NOT NULL,
    locale text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    facet text GENERATED ALWAYS AS (split_part(name, '/'::text, 1)) STORED NOT NULL COLLATE pg_catalog."C",
    documents bigint NOT NULL
);

CREATE TABLE cms.documents (
    entry bigint NOT NULL,
    site integer NOT NULL,
    type text NOT NULL COLLATE pg_catalog."C",
    locale text NOT NULL COLLATE pg_catalog."C",
    path text NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone,
    updated_at timestamp with time zone,
    title text NOT NULL,
    excerpt text NOT NULL,
    content text NOT NULL,
    terms text[] NOT NULL COLLATE pg_catalog."C",
    image text,
    popularity real DEFAULT 0 NOT NULL,
    rating real,
    price bigint,
    location point,
    vector tsvector NOT NULL,
    digest bytea NOT NULL,
    shown boolean NOT NULL,
    stock text COLLATE pg_catalog."C"
)
WITH (toast_tuple_target='128');
ALTER TABLE ONLY cms.documents ALTER COLUMN title SET STORAGE MAIN;
ALTER TABLE ONLY cms.documents ALTER COLUMN terms SET STORAGE MAIN;

CREATE TABLE cms.empty_searches (
    site integer NOT NULL,
    day date NOT NULL,
    words text NOT NULL COLLATE pg_catalog."C",
    times integer DEFAULT 1 NOT NULL
);

CREATE TABLE cms.entries (
    id bigint NOT NULL,
    site integer NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    source_key text NOT NULL COLLATE pg_catalog."C",
    collection text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL COLLATE pg_catalog."C",
    locale text NOT NULL COLLATE pg_catalog."C",
    translation_key text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    publish_at timestamp with time zone,
    expire_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    removed_at timestamp with time zone,
    fields jsonb NOT NULL,
    body_key bytea,
    digest bytea DEFAULT '\x'::bytea NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    author text DEFAULT ''::text NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    external_key text COLLATE pg_catalog."C",
    CONSTRAINT entries_fields_check CHECK ((jsonb_typeof(fields) = 'object'::text)),
    CONSTRAINT entries_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'published'::text, 'trashed'::text])))
);

ALTER TABLE cms.entries ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME cms.entries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.entry_texts (
    entry bigint NOT NULL,
    site integer NOT NULL,
    markdown text NOT NULL,
    read_digest bytea DEFAULT '\x'::bytea NOT NULL,
    problems jsonb
);

CREATE TABLE cms.entry_times (
    entry bigint NOT NULL,
    site integer NOT NULL,
    at timestamp with time zone NOT NULL
);

CREATE TABLE cms.events (
    id bigint NOT NULL,
    site integer NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    entry bigint,
    detail jsonb NOT NULL,
    made_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE cms.events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.fake_payments (
    intent text NOT NULL COLLATE pg_catalog."C",
    site integer NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    amount bigint NOT NULL,
    currency text NOT NULL COLLATE pg_catalog."C",
    metadata jsonb NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL COLLATE pg_catalog."C",
    charges integer DEFAULT 0 NOT NULL,
    refunds jsonb DEFAULT '{}'::jsonb NOT NULL,
    return_url text DEFAULT ''::text NOT NULL
);

CREATE TABLE cms.files (
    id bigint NOT NULL,
    site integer NOT NULL,
    path text NOT NULL COLLATE pg_catalog."C",
    bundle text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    digest bytea NOT NULL,
    size_bytes bigint NOT NULL
);

ALTER TABLE cms.files ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.files_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.folders (
    site integer NOT NULL,
    path text NOT NULL COLLATE pg_catalog."C",
    digest bytea NOT NULL
);

CREATE TABLE cms.frames (
    site integer NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    locale text NOT NULL COLLATE pg_catalog."C",
    path text NOT NULL COLLATE pg_catalog."C",
    html text NOT NULL
);

CREATE TABLE cms.idempotent_answers (
    site integer NOT NULL,
    route text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    fingerprint bytea NOT NULL,
    status integer,
    answer jsonb,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE cms.images (
    site integer NOT NULL,
    digest bytea NOT NULL,
    facts jsonb NOT NULL
);

CREATE TABLE cms.import_rows (
    import bigint NOT NULL,
    entry bigint NOT NULL,
    version integer NOT NULL,
    changes jsonb
);

CREATE TABLE cms.import_upload_parts (
    upload bigint NOT NULL,
    number integer NOT NULL,
    data bytea NOT NULL
);

CREATE TABLE cms.import_uploads (
    id bigint NOT NULL,
    site integer NOT NULL,
    options jsonb NOT NULL,
    author text DEFAULT ''::text NOT NULL,
    state text DEFAULT 'open'::text NOT NULL COLLATE pg_catalog."C",
    rows integer DEFAULT 0 NOT NULL,
    total integer DEFAULT 0 NOT NULL,
    result jsonb,
    errors bytea,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT import_uploads_state_check CHECK ((state = ANY (ARRAY['open'::text, 'running'::text, 'done'::text, 'failed'::text])))
);

ALTER TABLE cms.import_uploads ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.import_uploads_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.imported_logs (
    site integer NOT NULL,
    digest bytea NOT NULL,
    imported_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE cms.imports (
    id bigint NOT NULL,
    site integer NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL COLLATE pg_catalog."C",
    file text NOT NULL,
    file_digest bytea NOT NULL,
    errors_file text DEFAULT ''::text NOT NULL,
    errors_bytes bigint DEFAULT 0 NOT NULL,
    author text DEFAULT ''::text NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    finished_at timestamp with time zone,
    undone_at timestamp with time zone,
    "position" bigint DEFAULT 0 NOT NULL,
    added integer DEFAULT 0 NOT NULL,
    changed integer DEFAULT 0 NOT NULL,
    unchanged integer DEFAULT 0 NOT NULL,
    failed integer DEFAULT 0 NOT NULL
);

ALTER TABLE cms.imports ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.imports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.inputs (
    site integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    digest bytea NOT NULL
);

CREATE TABLE cms.journal (
    id bigint NOT NULL,
    site integer NOT NULL,
    epoch bigint NOT NULL,
    paths text[] NOT NULL,
    again_at timestamp with time zone
);

ALTER TABLE cms.journal ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.journal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.list_pages (
    list integer NOT NULL,
    number integer NOT NULL,
    high bytea NOT NULL
);

ALTER TABLE cms.lists ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.lists_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.mails (
    number bigint NOT NULL,
    site integer NOT NULL,
    recipient text NOT NULL,
    reply_to text DEFAULT ''::text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    due_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    error text
);

ALTER TABLE cms.mails ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.mails_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.migrations (
    set text NOT NULL COLLATE pg_catalog."C",
    number integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    checksum text NOT NULL COLLATE pg_catalog."C",
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE cms.most_read (
    entry bigint NOT NULL,
    site integer NOT NULL,
    place integer NOT NULL
);

CREATE TABLE cms.open_editors (
    site integer NOT NULL,
    entry bigint NOT NULL,
    person text NOT NULL,
    seen_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    holds_since timestamp with time zone,
    base_version integer DEFAULT 0 NOT NULL,
    texts jsonb,
    kept_at timestamp with time zone
);

CREATE TABLE cms.outputs (
    id bigint NOT NULL,
    site integer NOT NULL,
    path text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    digest bytea,
    size_bytes integer,
    reads bigint[] NOT NULL,
    valid_from timestamp with time zone,
    valid_until timestamp with time zone,
    reason text NOT NULL,
    build bigint NOT NULL,
    error jsonb,
    unsure boolean DEFAULT false NOT NULL,
    etag text COLLATE pg_catalog."C",
    retired_at timestamp with time zone
)
WITH (fillfactor='85');

ALTER TABLE cms.outputs ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME cms.outputs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.pages (
    entry bigint NOT NULL,
    site integer NOT NULL,
    locale text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    title text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    type text NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
)
PARTITION BY HASH (site);

CREATE TABLE cms.pages_0 (
    entry bigint CONSTRAINT pages_entry_not_null NOT NULL,
    site integer CONSTRAINT pages_site_not_null NOT NULL,
    locale text CONSTRAINT pages_locale_not_null NOT NULL COLLATE pg_catalog."C",
    status text CONSTRAINT pages_status_not_null NOT NULL COLLATE pg_catalog."C",
    title text CONSTRAINT pages_title_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT pages_created_at_not_null NOT NULL,
    type text CONSTRAINT pages_type_not_null NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
);

CREATE TABLE cms.pages_1 (
    entry bigint CONSTRAINT pages_entry_not_null NOT NULL,
    site integer CONSTRAINT pages_site_not_null NOT NULL,
    locale text CONSTRAINT pages_locale_not_null NOT NULL COLLATE pg_catalog."C",
    status text CONSTRAINT pages_status_not_null NOT NULL COLLATE pg_catalog."C",
    title text CONSTRAINT pages_title_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT pages_created_at_not_null NOT NULL,
    type text CONSTRAINT pages_type_not_null NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
);

CREATE TABLE cms.pages_10 (
    entry bigint CONSTRAINT pages_entry_not_null NOT NULL,
    site integer CONSTRAINT pages_site_not_null NOT NULL,
    locale text CONSTRAINT pages_locale_not_null NOT NULL COLLATE pg_catalog."C",
    status text CONSTRAINT pages_status_not_null NOT NULL COLLATE pg_catalog."C",
    title text CONSTRAINT pages_title_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT pages_created_at_not_null NOT NULL,
    type text CONSTRAINT pages_type_not_null NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
);

CREATE TABLE cms.pages_11 (
    entry bigint CONSTRAINT pages_entry_not_null NOT NULL,
    site integer CONSTRAINT pages_site_not_null NOT NULL,
    locale text CONSTRAINT pages_locale_not_null NOT NULL COLLATE pg_catalog."C",
    status text CONSTRAINT pages_status_not_null NOT NULL COLLATE pg_catalog."C",
    title text CONSTRAINT pages_title_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT pages_created_at_not_null NOT NULL,
    type text CONSTRAINT pages_type_not_null NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
);

CREATE TABLE cms.pages_12 (
    entry bigint CONSTRAINT pages_entry_not_null NOT NULL,
    site integer CONSTRAINT pages_site_not_null NOT NULL,
    locale text CONSTRAINT pages_locale_not_null NOT NULL COLLATE pg_catalog."C",
    status text CONSTRAINT pages_status_not_null NOT NULL COLLATE pg_catalog."C",
    title text CONSTRAINT pages_title_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT pages_created_at_not_null NOT NULL,
    type text CONSTRAINT pages_type_not_null NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
);

CREATE TABLE cms.pages_13 (
    entry bigint CONSTRAINT pages_entry_not_null NOT NULL,
    site integer CONSTRAINT pages_site_not_null NOT NULL,
    locale text CONSTRAINT pages_locale_not_null NOT NULL COLLATE pg_catalog."C",
    status text CONSTRAINT pages_status_not_null NOT NULL COLLATE pg_catalog."C",
    title text CONSTRAINT pages_title_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT pages_created_at_not_null NOT NULL,
    type text CONSTRAINT pages_type_not_null NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
);

CREATE TABLE cms.pages_14 (
    entry bigint CONSTRAINT pages_entry_not_null NOT NULL,
    site integer CONSTRAINT pages_site_not_null NOT NULL,
    locale text CONSTRAINT pages_locale_not_null NOT NULL COLLATE pg_catalog."C",
    status text CONSTRAINT pages_status_not_null NOT NULL COLLATE pg_catalog."C",
    title text CONSTRAINT pages_title_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT pages_created_at_not_null NOT NULL,
    type text CONSTRAINT pages_type_not_null NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
);

CREATE TABLE cms.pages_15 (
    entry bigint CONSTRAINT pages_entry_not_null NOT NULL,
    site integer CONSTRAINT pages_site_not_null NOT NULL,
    locale text CONSTRAINT pages_locale_not_null NOT NULL COLLATE pg_catalog."C",
    status text CONSTRAINT pages_status_not_null NOT NULL COLLATE pg_catalog."C",
    title text CONSTRAINT pages_title_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT pages_created_at_not_null NOT NULL,
    type text CONSTRAINT pages_type_not_null NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
);

CREATE TABLE cms.pages_2 (
    entry bigint CONSTRAINT pages_entry_not_null NOT NULL,
    site integer CONSTRAINT pages_site_not_null NOT NULL,
    locale text CONSTRAINT pages_locale_not_null NOT NULL COLLATE pg_catalog."C",
    status text CONSTRAINT pages_status_not_null NOT NULL COLLATE pg_catalog."C",
    title text CONSTRAINT pages_title_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT pages_created_at_not_null NOT NULL,
    type text CONSTRAINT pages_type_not_null NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
);

CREATE TABLE cms.pages_3 (
    entry bigint CONSTRAINT pages_entry_not_null NOT NULL,
    site integer CONSTRAINT pages_site_not_null NOT NULL,
    locale text CONSTRAINT pages_locale_not_null NOT NULL COLLATE pg_catalog."C",
    status text CONSTRAINT pages_status_not_null NOT NULL COLLATE pg_catalog."C",
    title text CONSTRAINT pages_title_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT pages_created_at_not_null NOT NULL,
    type text CONSTRAINT pages_type_not_null NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
);

CREATE TABLE cms.pages_4 (
    entry bigint CONSTRAINT pages_entry_not_null NOT NULL,
    site integer CONSTRAINT pages_site_not_null NOT NULL,
    locale text CONSTRAINT pages_locale_not_null NOT NULL COLLATE pg_catalog."C",
    status text CONSTRAINT pages_status_not_null NOT NULL COLLATE pg_catalog."C",
    title text CONSTRAINT pages_title_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT pages_created_at_not_null NOT NULL,
    type text CONSTRAINT pages_type_not_null NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
);

CREATE TABLE cms.pages_5 (
    entry bigint CONSTRAINT pages_entry_not_null NOT NULL,
    site integer CONSTRAINT pages_site_not_null NOT NULL,
    locale text CONSTRAINT pages_locale_not_null NOT NULL COLLATE pg_catalog."C",
    status text CONSTRAINT pages_status_not_null NOT NULL COLLATE pg_catalog."C",
    title text CONSTRAINT pages_title_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT pages_created_at_not_null NOT NULL,
    type text CONSTRAINT pages_type_not_null NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
);

CREATE TABLE cms.pages_6 (
    entry bigint CONSTRAINT pages_entry_not_null NOT NULL,
    site integer CONSTRAINT pages_site_not_null NOT NULL,
    locale text CONSTRAINT pages_locale_not_null NOT NULL COLLATE pg_catalog."C",
    status text CONSTRAINT pages_status_not_null NOT NULL COLLATE pg_catalog."C",
    title text CONSTRAINT pages_title_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT pages_created_at_not_null NOT NULL,
    type text CONSTRAINT pages_type_not_null NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
);

CREATE TABLE cms.pages_7 (
    entry bigint CONSTRAINT pages_entry_not_null NOT NULL,
    site integer CONSTRAINT pages_site_not_null NOT NULL,
    locale text CONSTRAINT pages_locale_not_null NOT NULL COLLATE pg_catalog."C",
    status text CONSTRAINT pages_status_not_null NOT NULL COLLATE pg_catalog."C",
    title text CONSTRAINT pages_title_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT pages_created_at_not_null NOT NULL,
    type text CONSTRAINT pages_type_not_null NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
);

CREATE TABLE cms.pages_8 (
    entry bigint CONSTRAINT pages_entry_not_null NOT NULL,
    site integer CONSTRAINT pages_site_not_null NOT NULL,
    locale text CONSTRAINT pages_locale_not_null NOT NULL COLLATE pg_catalog."C",
    status text CONSTRAINT pages_status_not_null NOT NULL COLLATE pg_catalog."C",
    title text CONSTRAINT pages_title_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT pages_created_at_not_null NOT NULL,
    type text CONSTRAINT pages_type_not_null NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
);

CREATE TABLE cms.pages_9 (
    entry bigint CONSTRAINT pages_entry_not_null NOT NULL,
    site integer CONSTRAINT pages_site_not_null NOT NULL,
    locale text CONSTRAINT pages_locale_not_null NOT NULL COLLATE pg_catalog."C",
    status text CONSTRAINT pages_status_not_null NOT NULL COLLATE pg_catalog."C",
    title text CONSTRAINT pages_title_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT pages_created_at_not_null NOT NULL,
    type text CONSTRAINT pages_type_not_null NOT NULL COLLATE pg_catalog."C",
    published_at timestamp with time zone
);

CREATE TABLE cms.payment_disputes (
    number bigint NOT NULL,
    site integer NOT NULL,
    payment bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    amount bigint NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    due_at timestamp with time zone,
    told_status text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT payment_disputes_amount_check CHECK ((amount >= 0)),
    CONSTRAINT payment_disputes_status_check CHECK ((status = ANY (ARRAY['inquiry'::text, 'open'::text, 'won'::text, 'lost'::text])))
);

ALTER TABLE cms.payment_disputes ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.payment_disputes_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.payment_events (
    site integer NOT NULL,
    provider text NOT NULL COLLATE pg_catalog."C",
    event text NOT NULL COLLATE pg_catalog."C",
    intent text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    received_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE cms.payment_refunds (
    number bigint NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    site integer NOT NULL,
    payment bigint NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    amount bigint NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    status text DEFAULT 'requested'::text NOT NULL COLLATE pg_catalog."C",
    problem text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    name text COLLATE pg_catalog."C",
    problem_told boolean DEFAULT false NOT NULL,
    CONSTRAINT payment_refunds_amount_check CHECK ((amount > 0)),
    CONSTRAINT payment_refunds_status_check CHECK ((status = ANY (ARRAY['requested'::text, 'done'::text, 'failed'::text])))
);

ALTER TABLE cms.payment_refunds ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.payment_refunds_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.payments (
    number bigint NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    site integer NOT NULL,
    provider text NOT NULL COLLATE pg_catalog."C",
    intent text COLLATE pg_catalog."C",
    subject text NOT NULL COLLATE pg_catalog."C",
    amount bigint NOT NULL,
    currency text NOT NULL COLLATE pg_catalog."C",
    digest text NOT NULL COLLATE pg_catalog."C",
    status text DEFAULT 'created'::text NOT NULL COLLATE pg_catalog."C",
    refunded bigint DEFAULT 0 NOT NULL,
    page text DEFAULT ''::text NOT NULL,
    problem text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    CONSTRAINT payments_amount_check CHECK ((amount >= 0)),
    CONSTRAINT payments_check CHECK (((refunded >= 0) AND (refunded <= amount))),
    CONSTRAINT payments_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT payments_status_check CHECK ((status = ANY (ARRAY['created'::text, 'pending'::text, 'action'::text, 'processing'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text, 'held'::text])))
);

ALTER TABLE cms.payments ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.payments_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.pending_changes (
    id bigint NOT NULL,
    site integer NOT NULL,
    entry bigint NOT NULL,
    base_version integer NOT NULL,
    made_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    author text DEFAULT ''::text NOT NULL,
    due_at timestamp with time zone,
    needs_approval boolean DEFAULT false NOT NULL,
    approved_by text DEFAULT ''::text NOT NULL,
    fields jsonb DEFAULT '{}'::jsonb NOT NULL,
    body text,
    status text COLLATE pg_catalog."C",
    state text DEFAULT 'waiting'::text NOT NULL COLLATE pg_catalog."C",
    ended_at timestamp with time zone,
    problem text DEFAULT ''::text NOT NULL,
    base jsonb,
    CONSTRAINT pending_changes_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'applied'::text, 'cancelled'::text, 'failed'::text]))),
    CONSTRAINT pending_changes_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'published'::text, 'trashed'::text])))
);

ALTER TABLE cms.pending_changes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.pending_changes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.previews (
    site integer NOT NULL,
    token text NOT NULL COLLATE pg_catalog."C",
    target text NOT NULL,
    place text NOT NULL,
    subject text NOT NULL,
    first_path text NOT NULL,
    pages integer NOT NULL,
    keys text[] NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE SEQUENCE cms.purge_versions
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE cms.purges (
    site integer NOT NULL,
    path text NOT NULL COLLATE pg_catalog."C",
    turn smallint DEFAULT 1 NOT NULL,
    phase smallint NOT NULL,
    cause text NOT NULL COLLATE pg_catalog."C",
    build bigint NOT NULL,
    version bigint DEFAULT nextval('cms.purge_versions'::regclass) NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    not_before timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    purged_at timestamp with time zone,
    tries integer DEFAULT 0 NOT NULL,
    error text
);

CREATE TABLE cms.ratings (
    entry bigint NOT NULL,
    site integer NOT NULL,
    rating_sum bigint NOT NULL,
    rating_count integer NOT NULL,
    review_count integer NOT NULL,
    stars integer[] NOT NULL
);

CREATE TABLE cms.read_names (
    key bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE cms.receipts (
    site integer NOT NULL,
    build bigint NOT NULL,
    path text NOT NULL COLLATE pg_catalog."C",
    digest bytea NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    uploaded_at timestamp with time zone NOT NULL,
    purged_at timestamp with time zone NOT NULL,
    fresh_at timestamp with time zone
);

CREATE TABLE cms.received (
    id bigint NOT NULL,
    site integer NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    delivery text NOT NULL COLLATE pg_catalog."C",
    received_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    built_at timestamp with time zone,
    outcome text DEFAULT ''::text NOT NULL
);

ALTER TABLE cms.received ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.received_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.release_objects (
    site integer NOT NULL,
    build bigint NOT NULL,
    path text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    old_digest bytea,
    old_size integer,
    new_digest bytea,
    new_size integer
);

CREATE TABLE cms.releases (
    site integer NOT NULL,
    build bigint NOT NULL,
    made_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    back_to bigint
);

CREATE TABLE cms.review_votes (
    review bigint NOT NULL,
    visitor bytea NOT NULL,
    is_helpful boolean
);

CREATE TABLE cms.reviews (
    review_id uuid DEFAULT gen_random_uuid() NOT NULL,
    number bigint DEFAULT nextval('cms.entries_id_seq'::regclass) NOT NULL,
    site integer NOT NULL,
    entry bigint NOT NULL,
    user_id uuid,
    author_name text NOT NULL,
    author_email text,
    rating integer,
    title text,
    content text DEFAULT ''::text NOT NULL,
    pros text,
    cons text,
    images text[],
    is_verified_purchase boolean DEFAULT false NOT NULL,
    visit_date date,
    status text DEFAULT 'pending'::text NOT NULL,
    moderation_notes text,
    spam_score real DEFAULT 0 NOT NULL,
    reports integer DEFAULT 0 NOT NULL,
    visitor bytea,
    helpful_count integer DEFAULT 0 NOT NULL,
    not_helpful_count integer DEFAULT 0 NOT NULL,
    owner_response text,
    owner_response_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT reviews_rating_check CHECK (((rating >= 1) AND (rating <= 5))),
    CONSTRAINT reviews_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'spam'::text])))
);

COMMENT ON COLUMN cms.reviews.rating IS '1 to 5; null for a comment';

CREATE TABLE cms.revisions (
    site integer NOT NULL,
    entry bigint NOT NULL,
    version integer NOT NULL,
    made_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    made_in xid8 DEFAULT pg_current_xact_id() NOT NULL,
    kind "char" NOT NULL,
    author text DEFAULT ''::text NOT NULL,
    origin text NOT NULL COLLATE pg_catalog."C",
    act bigint,
    changes jsonb DEFAULT '{}'::jsonb NOT NULL,
    body text
);

CREATE SEQUENCE cms.search_changes_version
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE cms.search_changes (
    site integer NOT NULL,
    entry bigint NOT NULL,
    locale text NOT NULL COLLATE pg_catalog."C",
    version bigint DEFAULT nextval('cms.search_changes_version'::regclass) NOT NULL,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE cms.search_engines (
    site integer NOT NULL,
    layout bytea DEFAULT '\x'::bytea NOT NULL,
    filled_at timestamp with time zone,
    sent_at timestamp with time zone,
    again_at timestamp with time zone,
    error text,
    leased_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
);

CREATE TABLE cms.search_pages (
    site integer NOT NULL,
    locale text NOT NULL COLLATE pg_catalog."C",
    path text NOT NULL COLLATE pg_catalog."C",
    html text NOT NULL
);

CREATE TABLE cms.secrets (
    site integer CONSTRAINT site_secrets_site_not_null NOT NULL,
    name text CONSTRAINT site_secrets_name_not_null NOT NULL COLLATE pg_catalog."C",
    value bytea DEFAULT sha256(decode(replace((((gen_random_uuid())::text || (gen_random_uuid())::text) || (gen_random_uuid())::text), '-'::text, ''::text), 'hex'::text)) CONSTRAINT site_secrets_value_not_null NOT NULL
);

CREATE UNLOGGED TABLE cms.shards (
    id bigint NOT NULL,
    site integer NOT NULL,
    build bigint NOT NULL,
    epoch bigint NOT NULL,
    inputs bytea NOT NULL,
    snapshot text NOT NULL COLLATE pg_catalog."C",
    clock timestamp with time zone NOT NULL,
    work bytea NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    claimed_by text COLLATE pg_catalog."C",
    claimed_until timestamp with time zone,
    result bytea
);

ALTER TABLE cms.shards ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.shards_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE cms.sites ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.sites_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.sources (
    site integer NOT NULL,
    path text NOT NULL COLLATE pg_catalog."C",
    folder text NOT NULL COLLATE pg_catalog."C",
    size_bytes bigint NOT NULL,
    mtime_ns bigint NOT NULL,
    ctime_ns bigint NOT NULL,
    inode bigint NOT NULL,
    blob bytea,
    read_digest bytea NOT NULL,
    problems jsonb
);

CREATE TABLE cms.static_index_files (
    site integer NOT NULL,
    path text NOT NULL COLLATE pg_catalog."C",
    digest bytea NOT NULL,
    data bytea NOT NULL
);
ALTER TABLE ONLY cms.static_index_files ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE cms.static_indexes (
    site integer NOT NULL,
    state bytea NOT NULL
);

CREATE TABLE cms.statistics_refreshed (
    only_row boolean DEFAULT true NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT statistics_refreshed_only_row_check CHECK (only_row)
);

CREATE TABLE cms.tag_versions (
    site integer NOT NULL,
    tag text NOT NULL COLLATE pg_catalog."C",
    version xid8 DEFAULT pg_current_xact_id() NOT NULL,
    raised_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE cms.task_runs (
    site integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    error text
);

CREATE TABLE cms.tokens (
    id bigint NOT NULL,
    site integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    digest bytea NOT NULL,
    scopes text[] NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    role text DEFAULT 'editor'::text NOT NULL COLLATE pg_catalog."C",
    sections text[] DEFAULT '{}'::text[] NOT NULL COLLATE pg_catalog."C",
    locales text[] DEFAULT '{}'::text[] NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT tokens_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'editor'::text, 'author'::text, 'reviewer'::text]))),
    CONSTRAINT tokens_scopes_check CHECK (((scopes <@ ARRAY['read'::text, 'write'::text, 'moderate'::text, 'live'::text, 'shop'::text, 'admin'::text]) AND (cardinality(scopes) > 0)))
);

ALTER TABLE cms.tokens ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cms.tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE cms.type_tables (
    type text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    partition text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    columns jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT type_tables_partition_check CHECK ((partition = ANY (ARRAY[''::text, 'month'::text, 'site'::text])))
);

CREATE TABLE cms.uploads (
    site integer NOT NULL,
    token text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    target text NOT NULL,
    place text NOT NULL,
    email text NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    size_bytes integer NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE cms.visitor_links (
    site integer NOT NULL,
    digest bytea NOT NULL,
    email text NOT NULL,
    back text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE cms.windows (
    output bigint NOT NULL,
    list integer NOT NULL,
    low bytea NOT NULL,
    high bytea NOT NULL
);

ALTER TABLE ONLY cms.pages ATTACH PARTITION cms.pages_0 FOR VALUES WITH (modulus 16, remainder 0);

ALTER TABLE ONLY cms.pages ATTACH PARTITION cms.pages_1 FOR VALUES WITH (modulus 16, remainder 1);

ALTER TABLE ONLY cms.pages ATTACH PARTITION cms.pages_10 FOR VALUES WITH (modulus 16, remainder 10);

ALTER TABLE ONLY cms.pages ATTACH PARTITION cms.pages_11 FOR VALUES WITH (modulus 16, remainder 11);

ALTER TABLE ONLY cms.pages ATTACH PARTITION cms.pages_12 FOR VALUES WITH (modulus 16, remainder 12);

ALTER TABLE ONLY cms.pages ATTACH PARTITION cms.pages_13 FOR VALUES WITH (modulus 16, remainder 13);

ALTER TABLE ONLY cms.pages ATTACH PARTITION cms.pages_14 FOR VALUES WITH (modulus 16, remainder 14);

ALTER TABLE ONLY cms.pages ATTACH PARTITION cms.pages_15 FOR VALUES WITH (modulus 16, remainder 15);

ALTER TABLE ONLY cms.pages ATTACH PARTITION cms.pages_2 FOR VALUES WITH (modulus 16, remainder 2);

ALTER TABLE ONLY cms.pages ATTACH PARTITION cms.pages_3 FOR VALUES WITH (modulus 16, remainder 3);

ALTER TABLE ONLY cms.pages ATTACH PARTITION cms.pages_4 FOR VALUES WITH (modulus 16, remainder 4);

ALTER TABLE ONLY cms.pages ATTACH PARTITION cms.pages_5 FOR VALUES WITH (modulus 16, remainder 5);

ALTER TABLE ONLY cms.pages ATTACH PARTITION cms.pages_6 FOR VALUES WITH (modulus 16, remainder 6);

ALTER TABLE ONLY cms.pages ATTACH PARTITION cms.pages_7 FOR VALUES WITH (modulus 16, remainder 7);

ALTER TABLE ONLY cms.pages ATTACH PARTITION cms.pages_8 FOR VALUES WITH (modulus 16, remainder 8);

ALTER TABLE ONLY cms.pages ATTACH PARTITION cms.pages_9 FOR VALUES WITH (modulus 16, remainder 9);

ALTER TABLE ONLY cms.acts
    ADD CONSTRAINT acts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.bodies
    ADD CONSTRAINT bodies_pkey PRIMARY KEY (entry);

ALTER TABLE ONLY cms.builds
    ADD CONSTRAINT builds_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.cards
    ADD CONSTRAINT cards_pkey PRIMARY KEY (entry);

ALTER TABLE ONLY cms.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.claims
    ADD CONSTRAINT claims_pkey PRIMARY KEY (site, name, kind, locale, key);

ALTER TABLE ONLY cms.comments
    ADD CONSTRAINT comments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.desk_sessions
    ADD CONSTRAINT desk_sessions_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY cms.dirty
    ADD CONSTRAINT dirty_pkey PRIMARY KEY (site, path);

ALTER TABLE ONLY cms.discussions
    ADD CONSTRAINT discussions_pkey PRIMARY KEY (entry);

ALTER TABLE ONLY cms.document_counts
    ADD CONSTRAINT document_counts_pkey PRIMARY KEY (site, locale, name);

ALTER TABLE ONLY cms.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (entry);

ALTER TABLE ONLY cms.empty_searches
    ADD CONSTRAINT empty_searches_pkey PRIMARY KEY (site, day, words);

ALTER TABLE ONLY cms.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.entries
    ADD CONSTRAINT entries_site_source_source_key_key UNIQUE (site, source, source_key);

ALTER TABLE ONLY cms.entry_texts
    ADD CONSTRAINT entry_texts_pkey PRIMARY KEY (entry);

ALTER TABLE ONLY cms.entry_times
    ADD CONSTRAINT entry_times_pkey PRIMARY KEY (entry, at);

ALTER TABLE ONLY cms.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.fake_payments
    ADD CONSTRAINT fake_payments_key_key UNIQUE (key);

ALTER TABLE ONLY cms.fake_payments
    ADD CONSTRAINT fake_payments_pkey PRIMARY KEY (intent);

ALTER TABLE ONLY cms.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.files
    ADD CONSTRAINT files_site_path_key UNIQUE (site, path);

ALTER TABLE ONLY cms.folders
    ADD CONSTRAINT folders_pkey PRIMARY KEY (site, path);

ALTER TABLE ONLY cms.frames
    ADD CONSTRAINT frames_pkey PRIMARY KEY (site, kind, locale);

ALTER TABLE ONLY cms.hits
    ADD CONSTRAINT hits_pkey PRIMARY KEY (site, path, day);

ALTER TABLE ONLY cms.idempotent_answers
    ADD CONSTRAINT idempotent_answers_pkey PRIMARY KEY (site, route, key);

ALTER TABLE ONLY cms.images
    ADD CONSTRAINT images_pkey PRIMARY KEY (site, digest);

ALTER TABLE ONLY cms.import_rows
    ADD CONSTRAINT import_rows_pkey PRIMARY KEY (import, entry);

ALTER TABLE ONLY cms.import_upload_parts
    ADD CONSTRAINT import_upload_parts_pkey PRIMARY KEY (upload, number);

ALTER TABLE ONLY cms.import_uploads
    ADD CONSTRAINT import_uploads_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.imported_logs
    ADD CONSTRAINT imported_logs_pkey PRIMARY KEY (site, digest);

ALTER TABLE ONLY cms.imports
    ADD CONSTRAINT imports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.inputs
    ADD CONSTRAINT inputs_pkey PRIMARY KEY (site, name);

ALTER TABLE ONLY cms.journal
    ADD CONSTRAINT journal_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.list_items
    ADD CONSTRAINT list_items_pkey PRIMARY KEY (list, sort_key);

ALTER TABLE ONLY cms.list_pages
    ADD CONSTRAINT list_pages_pkey PRIMARY KEY (list, number);

ALTER TABLE ONLY cms.lists
    ADD CONSTRAINT lists_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.lists
    ADD CONSTRAINT lists_site_locale_name_key UNIQUE (site, locale, name);

ALTER TABLE ONLY cms.mails
    ADD CONSTRAINT mails_pkey PRIMARY KEY (number);

ALTER TABLE ONLY cms.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (set, number);

ALTER TABLE ONLY cms.most_read
    ADD CONSTRAINT most_read_pkey PRIMARY KEY (entry);

ALTER TABLE ONLY cms.open_editors
    ADD CONSTRAINT open_editors_pkey PRIMARY KEY (entry, person);

ALTER TABLE ONLY cms.outputs
    ADD CONSTRAINT outputs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.outputs
    ADD CONSTRAINT outputs_site_path_key UNIQUE (site, path);

ALTER TABLE ONLY cms.pages
    ADD CONSTRAINT pages_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.pages_0
    ADD CONSTRAINT pages_0_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.pages_10
    ADD CONSTRAINT pages_10_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.pages_11
    ADD CONSTRAINT pages_11_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.pages_12
    ADD CONSTRAINT pages_12_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.pages_13
    ADD CONSTRAINT pages_13_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.pages_14
    ADD CONSTRAINT pages_14_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.pages_15
    ADD CONSTRAINT pages_15_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.pages_1
    ADD CONSTRAINT pages_1_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.pages_2
    ADD CONSTRAINT pages_2_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.pages_3
    ADD CONSTRAINT pages_3_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.pages_4
    ADD CONSTRAINT pages_4_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.pages_5
    ADD CONSTRAINT pages_5_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.pages_6
    ADD CONSTRAINT pages_6_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.pages_7
    ADD CONSTRAINT pages_7_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.pages_8
    ADD CONSTRAINT pages_8_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.pages_9
    ADD CONSTRAINT pages_9_pkey PRIMARY KEY (site, entry);

ALTER TABLE ONLY cms.payment_disputes
    ADD CONSTRAINT payment_disputes_pkey PRIMARY KEY (number);

ALTER TABLE ONLY cms.payment_disputes
    ADD CONSTRAINT payment_disputes_site_payment_name_key UNIQUE (site, payment, name);

ALTER TABLE ONLY cms.payment_events
    ADD CONSTRAINT payment_events_pkey PRIMARY KEY (site, provider, event);

ALTER TABLE ONLY cms.payment_refunds
    ADD CONSTRAINT payment_refunds_id_key UNIQUE (id);

ALTER TABLE ONLY cms.payment_refunds
    ADD CONSTRAINT payment_refunds_pkey PRIMARY KEY (number);

ALTER TABLE ONLY cms.payment_refunds
    ADD CONSTRAINT payment_refunds_site_payment_key_key UNIQUE (site, payment, key);

ALTER TABLE ONLY cms.payments
    ADD CONSTRAINT payments_id_key UNIQUE (id);

ALTER TABLE ONLY cms.payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (number);

ALTER TABLE ONLY cms.payments
    ADD CONSTRAINT payments_site_subject_key UNIQUE (site, subject);

ALTER TABLE ONLY cms.pending_changes
    ADD CONSTRAINT pending_changes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.posts
    ADD CONSTRAINT posts_pkey PRIMARY KEY (entry, created_at);

ALTER TABLE ONLY cms.previews
    ADD CONSTRAINT previews_pkey PRIMARY KEY (site, token);

ALTER TABLE ONLY cms.purges
    ADD CONSTRAINT purges_pkey PRIMARY KEY (site, path);

ALTER TABLE ONLY cms.ratings
    ADD CONSTRAINT ratings_pkey PRIMARY KEY (entry);

ALTER TABLE ONLY cms.read_names
    ADD CONSTRAINT read_names_pkey PRIMARY KEY (key);

ALTER TABLE ONLY cms.receipts
    ADD CONSTRAINT receipts_pkey PRIMARY KEY (site, build, path);

ALTER TABLE ONLY cms.received
    ADD CONSTRAINT received_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.received
    ADD CONSTRAINT received_site_source_delivery_key UNIQUE (site, source, delivery);

ALTER TABLE ONLY cms.release_objects
    ADD CONSTRAINT release_objects_pkey PRIMARY KEY (site, build, path);

ALTER TABLE ONLY cms.releases
    ADD CONSTRAINT releases_pkey PRIMARY KEY (site, build);

ALTER TABLE ONLY cms.review_votes
    ADD CONSTRAINT review_votes_pkey PRIMARY KEY (review, visitor);

ALTER TABLE ONLY cms.reviews
    ADD CONSTRAINT reviews_number_key UNIQUE (number);

ALTER TABLE ONLY cms.reviews
    ADD CONSTRAINT reviews_pkey PRIMARY KEY (review_id);

ALTER TABLE ONLY cms.revisions
    ADD CONSTRAINT revisions_pkey PRIMARY KEY (entry, version);

ALTER TABLE ONLY cms.search_changes
    ADD CONSTRAINT search_changes_pkey PRIMARY KEY (site, entry, locale);

ALTER TABLE ONLY cms.search_engines
    ADD CONSTRAINT search_engines_pkey PRIMARY KEY (site);

ALTER TABLE ONLY cms.search_pages
    ADD CONSTRAINT search_pages_pkey PRIMARY KEY (site, locale);

ALTER TABLE ONLY cms.secrets
    ADD CONSTRAINT secrets_pkey PRIMARY KEY (site, name);

ALTER TABLE ONLY cms.shards
    ADD CONSTRAINT shards_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.sites
    ADD CONSTRAINT sites_name_key UNIQUE (name);

ALTER TABLE ONLY cms.sites
    ADD CONSTRAINT sites_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.sources
    ADD CONSTRAINT sources_pkey PRIMARY KEY (site, path);

ALTER TABLE ONLY cms.static_index_files
    ADD CONSTRAINT static_index_files_pkey PRIMARY KEY (site, path);

ALTER TABLE ONLY cms.static_indexes
    ADD CONSTRAINT static_indexes_pkey PRIMARY KEY (site);

ALTER TABLE ONLY cms.statistics_refreshed
    ADD CONSTRAINT statistics_refreshed_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY cms.tag_versions
    ADD CONSTRAINT tag_versions_pkey PRIMARY KEY (site, tag, version);

ALTER TABLE ONLY cms.task_runs
    ADD CONSTRAINT task_runs_pkey PRIMARY KEY (site, name);

ALTER TABLE ONLY cms.tokens
    ADD CONSTRAINT tokens_digest_key UNIQUE (digest);

ALTER TABLE ONLY cms.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY cms.type_tables
    ADD CONSTRAINT type_tables_pkey PRIMARY KEY (type);

ALTER TABLE ONLY cms.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (site, token);

ALTER TABLE ONLY cms.visitor_links
    ADD CONSTRAINT visitor_links_pkey PRIMARY KEY (site, digest);

CREATE INDEX acts_site ON cms.acts USING btree (site, id DESC);

CREATE INDEX builds_site ON cms.builds USING btree (site, id DESC);

CREATE INDEX cards_held ON cms.cards USING btree (entry) WHERE held;

CREATE INDEX cards_problem ON cms.cards USING btree (site) WHERE (problem <> ''::text);

CREATE INDEX cards_translation ON cms.cards USING btree (site, translation_key);

CREATE UNIQUE INDEX category_stats_term ON cms.category_stats USING btree (term_id);

CREATE INDEX category_stats_views ON cms.category_stats USING btree (site_id, taxonomy_id, total_views DESC);

CREATE INDEX changes_site ON cms.changes USING btree (site, id);

CREATE INDEX changes_subject ON cms.changes USING btree (subject);

CREATE INDEX claims_lost ON cms.claims USING btree (site) WHERE ((NOT wins) AND ((kind <> ALL (ARRAY[4, 5])) OR ((spec ->> 'kind'::text) = 'terms'::text)));

CREATE INDEX claims_owner ON cms.claims USING btree (owner, owner_kind, site);

CREATE INDEX comments_entry ON cms.comments USING btree (entry, id);

CREATE UNIQUE INDEX daily_post_stats_day ON cms.daily_post_stats USING btree (site_id, publish_date);

CREATE INDEX deliveries_dead ON cms.deliveries USING btree (site) WHERE ((next_at IS NULL) AND (delivered_at IS NULL));

CREATE INDEX deliveries_due ON cms.deliveries USING btree (site, next_at) WHERE (next_at IS NOT NULL);

CREATE INDEX deliveries_site ON cms.deliveries USING btree (site, made_at DESC);

CREATE INDEX dirty_turn ON cms.dirty USING btree (site, turn, path);

CREATE INDEX document_counts_most ON cms.document_counts USING btree (site, locale, facet, documents DESC, name);

CREATE INDEX document_counts_none ON cms.document_counts USING btree (site) WHERE (documents = 0);

CREATE INDEX documents_location ON cms.documents USING spgist (location) WHERE (location IS NOT NULL);

CREATE INDEX documents_newest ON cms.documents USING btree (site, locale, published_at DESC NULLS LAST, entry DESC) WHERE shown;

CREATE INDEX documents_terms ON cms.documents USING gin (terms);

CREATE INDEX documents_title ON cms.documents USING btree (site, lower(title) text_pattern_ops) WHERE shown;

CREATE INDEX documents_titles ON cms.documents USING gin (ts_filter(vector, '{a}'::"char"[]));

CREATE INDEX documents_vector ON cms.documents USING gin (vector);

CREATE INDEX documents_waiting ON cms.documents USING btree (site, path) WHERE (NOT shown);

CREATE INDEX entries_expire ON cms.entries USING btree (site, expire_at) WHERE (expire_at IS NOT NULL);

CREATE UNIQUE INDEX entries_external ON cms.entries USING btree (site, source, external_key) WHERE (external_key IS NOT NULL);

CREATE INDEX entries_metadata ON cms.entries USING gin (((fields -> 'metadata'::text)) jsonb_path_ops);

CREATE INDEX entries_publish ON cms.entries USING btree (site, publish_at) WHERE (publish_at IS NOT NULL);

CREATE INDEX entries_source_key ON cms.entries USING btree (site, source_key) WHERE (source <> 'file'::text);

CREATE INDEX entries_translation ON cms.entries USING btree (site, translation_key);

CREATE INDEX entries_trashed ON cms.entries USING btree (site, removed_at) WHERE (removed_at IS NOT NULL);

CREATE INDEX entry_texts_problems ON cms.entry_texts USING btree (site) WHERE (problems IS NOT NULL);

CREATE INDEX entry_texts_read ON cms.entry_texts USING btree (site, read_digest, entry);

CREATE INDEX entry_times_due ON cms.entry_times USING btree (site, at);

CREATE UNIQUE INDEX events_entry ON cms.events USING btree (site, kind, entry) WHERE (entry IS NOT NULL);

CREATE INDEX events_site ON cms.events USING btree (site, kind, id);

CREATE INDEX files_bundle ON cms.files USING btree (site, bundle) WHERE (bundle <> ''::text);

CREATE INDEX files_digest ON cms.files USING btree (site, digest);

CREATE INDEX hits_day ON cms.hits USING btree (site, day);

CREATE INDEX idx_posts_list ON ONLY cms.posts USING btree (site, published_at DESC, entry DESC) INCLUDE (locale, title) WHERE (status = 'published'::text);

CREATE INDEX idx_reviews_rating ON cms.reviews USING btree (entry, rating, created_at DESC, review_id DESC) WHERE (status = 'approved'::text);

CREATE INDEX images_bad ON cms.images USING btree (site) WHERE (facts ? 'code'::text);

CREATE INDEX import_uploads_site ON cms.import_uploads USING btree (site, created_at);

CREATE INDEX imports_site ON cms.imports USING btree (site, id DESC);

CREATE INDEX list_items_label ON cms.list_items USING btree (list, label) WHERE (label IS NOT NULL);

CREATE INDEX list_items_member ON cms.list_items USING btree (member, list) INCLUDE (sort_key);

CREATE INDEX list_pages_high ON cms.list_pages USING btree (list, high);

CREATE INDEX lists_stale ON cms.lists USING btree (site) WHERE (stale_from IS NOT NULL);

CREATE INDEX mails_due ON cms.mails USING btree (site, due_at);

CREATE INDEX most_read_site ON cms.most_read USING btree (site);

CREATE INDEX outputs_failed ON cms.outputs USING btree (site) WHERE (error IS NOT NULL);

CREATE INDEX outputs_reads ON cms.outputs USING gin (reads);

CREATE INDEX outputs_retired ON cms.outputs USING btree (site, retired_at) WHERE (retired_at IS NOT NULL);

CREATE INDEX outputs_valid_from ON cms.outputs USING btree (site, valid_from) WHERE (valid_from IS NOT NULL);

CREATE INDEX outputs_valid_until ON cms.outputs USING btree (site, valid_until) WHERE (valid_until IS NOT NULL);

CREATE INDEX payment_disputes_payment ON cms.payment_disputes USING btree (payment);

CREATE INDEX payment_refunds_open ON cms.payment_refunds USING btree (site) WHERE (status = 'requested'::text);

CREATE UNIQUE INDEX payments_intent ON cms.payments USING btree (site, provider, intent) WHERE (intent IS NOT NULL);

CREATE INDEX payments_open ON cms.payments USING btree (site, updated_at) WHERE (status = ANY (ARRAY['pending'::text, 'action'::text, 'processing'::text, 'failed'::text]));

CREATE INDEX pending_changes_due ON cms.pending_changes USING btree (site, due_at) WHERE (state = 'waiting'::text);

CREATE INDEX posts_featured ON ONLY cms.posts USING btree (site, published_at DESC) WHERE is_featured;

CREATE INDEX posts_published ON ONLY cms.posts USING btree (site, status, published_at DESC);

CREATE INDEX posts_section ON ONLY cms.posts USING btree (site, section, published_at DESC);

CREATE INDEX previews_expires ON cms.previews USING btree (site, expires_at);

CREATE INDEX purges_failed ON cms.purges USING btree (site) WHERE (error IS NOT NULL);

CREATE INDEX purges_order ON cms.purges USING btree (site, turn, phase, path);

CREATE INDEX receipts_not_fresh ON cms.receipts USING btree (site, purged_at) WHERE (fresh_at IS NULL);

CREATE INDEX received_old ON cms.received USING btree (site, received_at);

CREATE INDEX received_waiting ON cms.received USING btree (site) WHERE (built_at IS NULL);

CREATE INDEX release_objects_old ON cms.release_objects USING btree (site, old_digest) WHERE (old_digest IS NOT NULL);

CREATE INDEX reviews_email ON cms.reviews USING btree (site, lower(author_email)) WHERE (author_email IS NOT NULL);

CREATE INDEX reviews_entry ON cms.reviews USING btree (entry, status, created_at DESC);

CREATE INDEX reviews_visitor ON cms.reviews USING btree (site, visitor, created_at) WHERE (visitor IS NOT NULL);

CREATE INDEX reviews_waiting ON cms.reviews USING btree (site, created_at) WHERE ((status = 'pending'::text) OR (reports > 0));

CREATE INDEX revisions_act ON cms.revisions USING btree (act) WHERE (act IS NOT NULL);

CREATE INDEX revisions_site ON cms.revisions USING btree (site, made_at DESC);

CREATE INDEX search_changes_oldest ON cms.search_changes USING btree (site, changed_at);

CREATE INDEX shards_open ON cms.shards USING btree (site, id) WHERE (result IS NULL);

CREATE INDEX shards_site ON cms.shards USING btree (site);

CREATE INDEX sources_folder ON cms.sources USING btree (site, folder);

CREATE INDEX sources_problems ON cms.sources USING btree (site) WHERE (problems IS NOT NULL);

CREATE INDEX tag_versions_raised ON cms.tag_versions USING btree (raised_at);

CREATE INDEX tag_versions_version ON cms.tag_versions USING btree (version);

CREATE INDEX tokens_site ON cms.tokens USING btree (site, id);

CREATE INDEX type_tables_name ON cms.type_tables USING btree (name);

CREATE INDEX uploads_email ON cms.uploads USING btree (site, email) WHERE (email <> ''::text);

CREATE INDEX uploads_expire ON cms.uploads USING btree (site, expires_at) WHERE (expires_at IS NOT NULL);

CREATE INDEX visitor_links_email ON cms.visitor_links USING btree (site, lower(email));

CREATE INDEX windows_high ON cms.windows USING btree (list, high) INCLUDE (low, output);

CREATE INDEX windows_low ON cms.windows USING btree (list, low) INCLUDE (high, output);

CREATE INDEX windows_output ON cms.windows USING btree (output);

ALTER INDEX cms.pages_pkey ATTACH PARTITION cms.pages_0_pkey;

ALTER INDEX cms.pages_pkey ATTACH PARTITION cms.pages_10_pkey;

ALTER INDEX cms.pages_pkey ATTACH PARTITION cms.pages_11_pkey;

ALTER INDEX cms.pages_pkey ATTACH PARTITION cms.pages_12_pkey;

ALTER INDEX cms.pages_pkey ATTACH PARTITION cms.pages_13_pkey;

ALTER INDEX cms.pages_pkey ATTACH PARTITION cms.pages_14_pkey;

ALTER INDEX cms.pages_pkey ATTACH PARTITION cms.pages_15_pkey;

ALTER INDEX cms.pages_pkey ATTACH PARTITION cms.pages_1_pkey;

ALTER INDEX cms.pages_pkey ATTACH PARTITION cms.pages_2_pkey;

ALTER INDEX cms.pages_pkey ATTACH PARTITION cms.pages_3_pkey;

ALTER INDEX cms.pages_pkey ATTACH PARTITION cms.pages_4_pkey;

ALTER INDEX cms.pages_pkey ATTACH PARTITION cms.pages_5_pkey;

ALTER INDEX cms.pages_pkey ATTACH PARTITION cms.pages_6_pkey;

ALTER INDEX cms.pages_pkey ATTACH PARTITION cms.pages_7_pkey;

ALTER INDEX cms.pages_pkey ATTACH PARTITION cms.pages_8_pkey;

ALTER INDEX cms.pages_pkey ATTACH PARTITION cms.pages_9_pkey;

CREATE TRIGGER count_deleted AFTER DELETE ON cms.documents REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.count_documents();

CREATE TRIGGER count_inserted AFTER INSERT ON cms.documents REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.count_documents();

CREATE TRIGGER count_updated AFTER UPDATE ON cms.documents REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.count_documents();

CREATE TRIGGER key_changed BEFORE UPDATE ON cms.bodies FOR EACH ROW WHEN ((((((new.html IS DISTINCT FROM old.html) OR (new.toc IS DISTINCT FROM old.toc)) OR (new.words IS DISTINCT FROM old.words)) OR (new.links IS DISTINCT FROM old.links)) OR (new.excerpt IS DISTINCT FROM old.excerpt))) EXECUTE FUNCTION cms.key_bodies();

CREATE TRIGGER note_changed AFTER INSERT OR DELETE OR UPDATE ON cms.discussions FOR EACH ROW EXECUTE FUNCTION cms.note_discussions();

CREATE TRIGGER note_comments AFTER INSERT OR DELETE OR UPDATE ON cms.reviews FOR EACH ROW EXECUTE FUNCTION cms.note_comments();

CREATE TRIGGER note_deleted AFTER DELETE ON cms.bodies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_bodies();

CREATE TRIGGER note_deleted AFTER DELETE ON cms.documents REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_search_changes();

CREATE TRIGGER note_deleted AFTER DELETE ON cms.entries REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_entries_deleted();

CREATE TRIGGER note_deleted AFTER DELETE ON cms.files REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_files();

CREATE TRIGGER note_deleted AFTER DELETE ON cms.most_read REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_most_read();

CREATE TRIGGER note_deleted AFTER DELETE ON cms.reviews REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_reviews_deleted();

CREATE TRIGGER note_inserted AFTER INSERT ON cms.bodies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_bodies();

CREATE TRIGGER note_inserted AFTER INSERT ON cms.documents REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_search_changes();

CREATE TRIGGER note_inserted AFTER INSERT ON cms.entries REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_entries_inserted();

CREATE TRIGGER note_inserted AFTER INSERT ON cms.files REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_files();

CREATE TRIGGER note_inserted AFTER INSERT ON cms.most_read REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_most_read();

CREATE TRIGGER note_inserted AFTER INSERT ON cms.reviews REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_reviews_inserted();

CREATE TRIGGER note_updated AFTER UPDATE ON cms.bodies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_bodies();

CREATE TRIGGER note_updated AFTER UPDATE ON cms.documents REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_search_changes();

CREATE TRIGGER note_updated AFTER UPDATE ON cms.entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_entries_updated();

CREATE TRIGGER note_updated AFTER UPDATE ON cms.files REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_files();

CREATE TRIGGER note_updated AFTER UPDATE ON cms.most_read REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_most_read();

CREATE TRIGGER note_updated AFTER UPDATE ON cms.reviews REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_reviews_updated();

CREATE TRIGGER number_versions BEFORE UPDATE ON cms.entries FOR EACH ROW WHEN ((((((((((((old.source_key IS DISTINCT FROM new.source_key) OR (old.collection IS DISTINCT FROM new.collection)) OR (old.type IS DISTINCT FROM new.type)) OR (old.locale IS DISTINCT FROM new.locale)) OR (old.translation_key IS DISTINCT FROM new.translation_key)) OR (old.status IS DISTINCT FROM new.status)) OR (old.publish_at IS DISTINCT FROM new.publish_at)) OR (old.expire_at IS DISTINCT FROM new.expire_at)) OR (old.removed_at IS DISTINCT FROM new.removed_at)) OR (old.fields IS DISTINCT FROM new.fields)) OR (old.version IS DISTINCT FROM new.version))) EXECUTE FUNCTION cms.number_versions();

CREATE TRIGGER raise_deleted AFTER DELETE ON cms.documents REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.raise_documents();

CREATE TRIGGER raise_deleted AFTER DELETE ON cms.search_pages REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.raise_documents();

CREATE TRIGGER raise_inserted AFTER INSERT ON cms.documents REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.raise_documents();

CREATE TRIGGER raise_inserted AFTER INSERT ON cms.search_pages REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.raise_documents();

CREATE TRIGGER raise_sent AFTER UPDATE OF sent_at, filled_at ON cms.search_engines FOR EACH ROW WHEN (((new.sent_at IS DISTINCT FROM old.sent_at) OR (new.filled_at IS DISTINCT FROM old.filled_at))) EXECUTE FUNCTION cms.raise_search_sent();

CREATE TRIGGER raise_updated AFTER UPDATE ON cms.documents REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.raise_documents();

CREATE TRIGGER raise_updated AFTER UPDATE ON cms.search_pages REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.raise_documents();

CREATE TRIGGER read_again BEFORE UPDATE ON cms.entry_texts FOR EACH ROW WHEN ((new.markdown IS DISTINCT FROM old.markdown)) EXECUTE FUNCTION cms.read_texts_again();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.bodies FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.documents FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.entries FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.entry_texts FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.files FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages_0 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages_1 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages_10 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages_11 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages_12 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages_13 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages_14 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages_15 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages_2 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages_3 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages_4 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages_5 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages_6 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages_7 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages_8 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages_9 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.posts FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.reviews FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages_0 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages_1 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages_10 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages_11 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages_12 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages_13 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages_14 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages_15 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages_2 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages_3 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages_4 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages_5 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages_6 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages_7 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages_8 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.pages_9 FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER refuse_write BEFORE INSERT OR DELETE OR UPDATE ON cms.posts FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

CREATE TRIGGER revise_added AFTER INSERT ON cms.entries REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_revisions_added();

CREATE TRIGGER revise_changed AFTER UPDATE ON cms.entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_revisions_changed();

CREATE TRIGGER revise_changed AFTER UPDATE ON cms.entry_texts REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_texts_changed();

CREATE TRIGGER revise_deleted AFTER DELETE ON cms.entries REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_revisions_deleted();

CREATE TRIGGER revise_deleted AFTER DELETE ON cms.entry_texts REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_texts_deleted();

ALTER TABLE ONLY cms.acts
    ADD CONSTRAINT acts_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.bodies
    ADD CONSTRAINT bodies_entry_fkey FOREIGN KEY (entry) REFERENCES cms.entries(id);

ALTER TABLE ONLY cms.comments
    ADD CONSTRAINT comments_change_fkey FOREIGN KEY (change) REFERENCES cms.pending_changes(id) ON DELETE SET NULL;

ALTER TABLE ONLY cms.comments
    ADD CONSTRAINT comments_entry_fkey FOREIGN KEY (entry) REFERENCES cms.entries(id) ON DELETE CASCADE;

ALTER TABLE ONLY cms.comments
    ADD CONSTRAINT comments_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.desk_sessions
    ADD CONSTRAINT desk_sessions_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.desk_sessions
    ADD CONSTRAINT desk_sessions_token_fkey FOREIGN KEY (token) REFERENCES cms.tokens(id) ON DELETE CASCADE;

ALTER TABLE ONLY cms.discussions
    ADD CONSTRAINT discussions_entry_fkey FOREIGN KEY (entry) REFERENCES cms.entries(id) ON DELETE CASCADE;

ALTER TABLE ONLY cms.discussions
    ADD CONSTRAINT discussions_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.entries
    ADD CONSTRAINT entries_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.entry_texts
    ADD CONSTRAINT entry_texts_entry_fkey FOREIGN KEY (entry) REFERENCES cms.entries(id) ON DELETE CASCADE;

ALTER TABLE ONLY cms.entry_times
    ADD CONSTRAINT entry_times_entry_fkey FOREIGN KEY (entry) REFERENCES cms.entries(id) ON DELETE CASCADE;

ALTER TABLE ONLY cms.fake_payments
    ADD CONSTRAINT fake_payments_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.files
    ADD CONSTRAINT files_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.folders
    ADD CONSTRAINT folders_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.frames
    ADD CONSTRAINT frames_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.idempotent_answers
    ADD CONSTRAINT idempotent_answers_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.import_upload_parts
    ADD CONSTRAINT import_upload_parts_upload_fkey FOREIGN KEY (upload) REFERENCES cms.import_uploads(id) ON DELETE CASCADE;

ALTER TABLE ONLY cms.import_uploads
    ADD CONSTRAINT import_uploads_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.inputs
    ADD CONSTRAINT inputs_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.mails
    ADD CONSTRAINT mails_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.most_read
    ADD CONSTRAINT most_read_entry_fkey FOREIGN KEY (entry) REFERENCES cms.entries(id) ON DELETE CASCADE;

ALTER TABLE ONLY cms.open_editors
    ADD CONSTRAINT open_editors_entry_fkey FOREIGN KEY (entry) REFERENCES cms.entries(id) ON DELETE CASCADE;

ALTER TABLE ONLY cms.open_editors
    ADD CONSTRAINT open_editors_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.payment_disputes
    ADD CONSTRAINT payment_disputes_payment_fkey FOREIGN KEY (payment) REFERENCES cms.payments(number);

ALTER TABLE ONLY cms.payment_disputes
    ADD CONSTRAINT payment_disputes_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.payment_events
    ADD CONSTRAINT payment_events_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.payment_refunds
    ADD CONSTRAINT payment_refunds_payment_fkey FOREIGN KEY (payment) REFERENCES cms.payments(number);

ALTER TABLE ONLY cms.payment_refunds
    ADD CONSTRAINT payment_refunds_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.payments
    ADD CONSTRAINT payments_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.pending_changes
    ADD CONSTRAINT pending_changes_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.previews
    ADD CONSTRAINT previews_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.release_objects
    ADD CONSTRAINT release_objects_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.releases
    ADD CONSTRAINT releases_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.review_votes
    ADD CONSTRAINT review_votes_review_fkey FOREIGN KEY (review) REFERENCES cms.reviews(number) ON DELETE CASCADE;

ALTER TABLE ONLY cms.reviews
    ADD CONSTRAINT reviews_entry_fkey FOREIGN KEY (entry) REFERENCES cms.entries(id) ON DELETE CASCADE;

ALTER TABLE ONLY cms.reviews
    ADD CONSTRAINT reviews_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.search_changes
    ADD CONSTRAINT search_changes_site_fkey FOREIGN KEY (site) REFERENCES cms.search_engines(site) ON DELETE CASCADE;

ALTER TABLE ONLY cms.search_engines
    ADD CONSTRAINT search_engines_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id) ON DELETE CASCADE;

ALTER TABLE ONLY cms.secrets
    ADD CONSTRAINT secrets_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.sources
    ADD CONSTRAINT sources_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.task_runs
    ADD CONSTRAINT task_runs_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.tokens
    ADD CONSTRAINT tokens_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.uploads
    ADD CONSTRAINT uploads_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);

ALTER TABLE ONLY cms.visitor_links
    ADD CONSTRAINT visitor_links_site_fkey FOREIGN KEY (site) REFERENCES cms.sites(id);
