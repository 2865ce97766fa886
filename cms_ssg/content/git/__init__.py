"""What git is asked about a checkout, and commits made beside it."""
