"""E-mails that wait to be sent, for features: rows that the store keeps."""

from cms_ssg.store.outbox import ADD, MOST_HEADER, mail_values, one_line

__all__ = ["ADD", "MOST_HEADER", "mail_values", "one_line"]
