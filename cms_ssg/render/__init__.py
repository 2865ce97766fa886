"""From loaded values to bytes: pure, no database, no network."""
