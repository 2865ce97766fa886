"""Entries that are written by commands, imports and programs instead of files: each has the name of the file that would hold it, and is read as that file is."""
