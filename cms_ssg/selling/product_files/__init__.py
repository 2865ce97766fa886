"""Products of other shops, read from the files that these export, and saved as entries of the type product."""
