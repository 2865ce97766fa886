"""Content types: JSON Schema files, and the checks that they are compiled to."""
