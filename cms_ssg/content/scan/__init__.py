"""Finding the content files that changed since the last sync, by git or by a walk."""
