"""Front matter: its dialects, and the values, dates and numbers in it."""
