"""What a web server or CDN must know of a site beside its files: redirects, what is gone, headers; written in each one's own language."""
