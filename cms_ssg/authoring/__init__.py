"""What people do to content, done to its files: new, edit, publish, unpublish, move, trash, restore."""

from cms_ssg.authoring.change import Edit, publish, restore, set_fields, set_values, trash, unpublish
from cms_ssg.authoring.find import Content, find_content
from cms_ssg.authoring.move import move
from cms_ssg.authoring.new import NewEntry, new_entry

__all__ = [
    "Content",
    "Edit",
    "NewEntry",
    "find_content",
    "move",
    "new_entry",
    "publish",
    "restore",
    "set_fields",
    "set_values",
    "trash",
    "unpublish",
]
