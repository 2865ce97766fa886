"""cms worker: processes that help builds, and what they do when it is time."""
