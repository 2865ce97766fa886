"""How often pages are read: counted from logs or by a beacon, as numbers of pages and days, with nothing of any visitor."""
