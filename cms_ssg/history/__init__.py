"""Past releases: what there was, going back to one, and forgetting old ones."""
