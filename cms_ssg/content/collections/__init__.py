"""The rules of ``[[collection]]``: which file is which type, where its page lives, and what belongs to none."""
