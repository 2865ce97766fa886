"""The content store: everything that knows Postgres."""
