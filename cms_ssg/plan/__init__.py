"""Which outputs must be made, and why."""
