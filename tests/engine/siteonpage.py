"""A site on a page, which the package brings for everybody's tests."""

from cms_ssg.testing.site import NOW, TABLES, USED, Built, SiteOnPage, assert_same, database, parse_files, read_tree, show_difference, wipe

__all__ = ["NOW", "TABLES", "USED", "Built", "SiteOnPage", "assert_same", "database", "parse_files", "read_tree", "show_difference", "wipe"]
