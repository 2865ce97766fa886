"""Text in any language: sort keys and slugs."""
