"""From content files to drafts: front matter, schemas, Markdown, and the rules of a site's collections. No database, no network."""
