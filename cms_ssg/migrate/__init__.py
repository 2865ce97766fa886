"""Moving in: other systems' exports and folders as a site of this one. One module a source; folder.py, report.py and html_text.py are shared."""
