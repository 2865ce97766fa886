"""Previews: a draft, a file or a branch as the site would show it, at a place of its own, without a trace in the store."""
