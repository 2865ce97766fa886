"""Markdown bodies as HTML: links, headings, raw HTML, shortcodes, MDX, footnotes and coloured code."""
