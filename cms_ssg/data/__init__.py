"""A site's files that are no content: data files and lists of redirects."""
