"""The features that come with cms_ssg, a package each. Nothing else imports them; a site names those it wants in `verticals`."""
