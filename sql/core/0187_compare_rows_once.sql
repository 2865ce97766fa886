-- An update of many entries in one statement compared every new row with every old one: for EXISTS, Postgres expects a row soon and joins by nested loops. An
-- aggregate reads all rows, so they are joined by a hash.
CREATE OR REPLACE FUNCTION cms.write_type_triggers() RETURNS void LANGUAGE plpgsql AS $$
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
END $$;
SELECT cms.write_type_triggers();
