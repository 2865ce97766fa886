"""A package, so that its folders are no modules of their own names: `events` is also a library."""
