"""The values by which features plug into the core: kinds of outputs, lists, rows and facts, and the vertical that brings them."""
