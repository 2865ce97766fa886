"""Pictures: what is known of a source image, which variants a page shows of it, and the child processes that make them."""
