"""Images that visitors and programs send: made anew by the image processes and put beside the site's pages at an address nobody can guess."""
