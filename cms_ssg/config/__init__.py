"""site.toml and CMS_* to Settings, and what is wrong with them."""
