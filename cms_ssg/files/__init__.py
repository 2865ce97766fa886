"""Files as such: those that come with the package, their owners, patterns of names, media types."""
