"""``python -m cms_ssg`` is ``cms``."""

from cms_ssg.cli.main import main

if __name__ == "__main__":
    main()
