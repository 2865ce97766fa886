"""One build's parts, from the files to the record; build.py calls them in order."""
