"""cms_ssg: a Postgres content store and an incremental renderer that writes only the changed pages."""

__version__ = "0.1.0"
