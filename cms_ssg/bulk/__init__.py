"""Many entries at once: import and export of CSV and JSON Lines, and changes of all entries that a condition selects."""
