"""E-mail: written to the store as part of what makes it necessary, sent by a task."""
