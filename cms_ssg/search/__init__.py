"""Search: documents of entries, an index that answers questions, and the pages and routes that show the answers."""
