"""For the tests of what is built on cms_ssg: sites written on a page, built in a real store at a time of your choice. See docs/stability.md."""

from cms_ssg.testing.site import NOW, Built, SiteOnPage, assert_same

__all__ = ["NOW", "Built", "SiteOnPage", "assert_same"]
