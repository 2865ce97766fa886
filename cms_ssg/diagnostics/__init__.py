"""What looks at a site and says how it stands."""
