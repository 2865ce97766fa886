"""Items of an export of WordPress as content files, redirects and lines of menus."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from cms_ssg.migrate.comments import FILE, Comments, plain_comment
from cms_ssg.migrate.folder import NewSite
from cms_ssg.migrate.html_text import convert_html
from cms_ssg.migrate.media import Media
from cms_ssg.migrate.wordpress_content import Content, make_excerpt, make_html
from cms_ssg.migrate.wordpress_index import Index, name_taxonomy
from cms_ssg.migrate.wordpress_menus import Menus
from cms_ssg.migrate.wordpress_meta import make_metadata, make_seo, plain_title, read_footnotes
from cms_ssg.migrate.wordpress_types import NO_TERMS, OTHERS, SYSTEM
from cms_ssg.migrate.wxr import Head, Item
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json


class Converter:
    """Makes files of items."""

    def __init__(self, file: str, head: Head, site: NewSite, index: Index, media: Media, *, resumed: bool) -> None:
        self.file, self.site, self.index, self.media = file, site, index, media
        self.languages, self.comments = index.languages, Comments(site.connection, resumed=resumed)
        self.menus = Menus(site.connection, index, self.rewrite, self._note, resumed=resumed)
        self._logins = {make_slug(row.get("author_login", "")): row.get("author_login", "") for row in head.authors}
        self._site_title, self._about = plain_title(head.fields.get("title", "")), plain_title(head.fields.get("description", ""))
        self._misses = 0
        site.connection.execute("CREATE TABLE IF NOT EXISTS moved (kind TEXT, id TEXT, day TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID")
        site.connection.execute("CREATE TABLE IF NOT EXISTS used (field TEXT, term TEXT, PRIMARY KEY (field, term)) WITHOUT ROWID")
        if not resumed:
            site.connection.execute("DELETE FROM used")
            site.connection.execute("DELETE FROM moved")

    def convert(self, item: Item) -> None:
        """Write what an item becomes."""
        kind, status = item.fields.get("post_type", ""), item.fields.get("status", "")
        if kind == "attachment":
            self._convert_attachment(item)
        elif kind == "nav_menu_item":
            self.menus.add(item)
        elif kind in SYSTEM:
            if kind in ("wp_template", "wp_template_part", "wp_navigation", "wp_global_styles"):
                self._note(item.line, "parts of a block theme", f"{kind}: {item.fields.get('title', '')}")
        elif kind == "custom_css":
            self._note(item.line, "styles", item.fields.get("title", "custom CSS"))
        elif status in ("trash", "auto-draft"):
            self._note(item.line, "items in the trash", item.fields.get("title", ""))
        elif kind in OTHERS:
            self._note(item.line, OTHERS[kind][0], f"{kind}: {plain_title(item.fields.get('title', ''))}", OTHERS[kind][1])
        elif not self.index.has_pages(kind) and "post_type=" in item.fields.get("link", ""):
            self._note(
                item.line, "items of plugins", f"{kind}: {plain_title(item.fields.get('title', ''))}", "left out: they have no pages"
            )
        else:
            self._convert_entry(item, kind or "post")

    def count(self) -> dict[str, int]:
        """How many entries of each type were made."""
        return dict(
            self.site.connection.execute(
                "SELECT kind, count(*) FROM moved WHERE kind NOT LIKE 'wp\\_%' ESCAPE '\\' GROUP BY kind ORDER BY 2 DESC"
            ).fetchall()
        )

    def _note(self, line: int, kind: str, detail: str, fate: str = "left out") -> None:
        self.site.report.note(self.file, line, kind, detail, fate)

    def _count(self, kind: str, item: Item, day: str = "") -> None:
        self.site.connection.execute(
            "INSERT OR REPLACE INTO moved VALUES (?, ?, ?)", (kind, item.fields.get("post_id") or str(item.start), day)
        )

    def _convert_entry(self, item: Item, kind: str) -> None:
        fields, index = item.fields, self.index
        status = fields.get("status", "publish")
        path = index.find_path(fields.get("link", "")) if status not in ("draft", "pending", "auto-draft") else ""
        date = _read_date(fields.get("post_date_gmt", ""), fields.get("post_date", ""))
        title = plain_title(fields.get("title", ""))
        slug = make_slug(unquote(fields.get("post_name", "")) or title) or f"{kind}-{fields.get('post_id') or item.start}"
        waits, language = self._misses, self.languages.find_fields(item)
        note = partial(self._note, item.line)
        out: dict[str, Json] = {
            "title": title or slug,
            "slug": slug if kind == "post" and not path.endswith(f"/{slug}/") else None,
            "path": path or None,
            **language,
            "date": date or None,
            "updated": self._find_updated(item, date),
            "draft": self._is_hidden(item),
            "authors": self._find_authors(item),
            "excerpt": make_excerpt(fields.get("excerpt", "")),
            **self._find_terms(item),
            **make_seo(item, title, self._site_title, self._about, note),
            "image": None,
            "is_featured": fields.get("is_sticky") == "1",
            "metadata": make_metadata(item, self._load_media, note),
        }
        if thumbnail := item.meta.get("_thumbnail_id"):
            found = self._load_media(thumbnail)
            out["image"], out["image_alt"] = found or (None, None)
            if found is None:
                note("featured images that the export lacks", f"attachment {thumbnail}: {title or slug}")
        if kind == "product":
            note("products", title or slug, "kept as pages; cms products import reads WooCommerce's own export with prices and stock")
        if item.comments:
            self._keep_comments(item, path if not out["draft"] else "", title or slug)
        body = self._convert_body(item)
        if kind == "product" and isinstance(pictures := out["metadata"].get("gallery"), list):
            body = "\n\n".join([body.rstrip("\n"), *(f"![](<{address}>)" for address in pictures)])
        folder = {"post": f"content/posts/{date[:4] or 'undated'}", "page": "content/pages"}.get(kind, f"content/{make_slug(kind)}")
        name = (path.strip("/") or "index") if kind == "page" and path and "." not in path else slug
        self.site.write_entry(self.site.choose_name(f"{folder}/{name}.md", f"{kind}:{fields.get('post_id') or item.start}"), out, body)
        self._count(kind, item, date[:10] if path and not out["draft"] else "")
        if self._misses > waits:
            index.wait_for(item)
        if not out["draft"]:
            self._note_use(out)
        if path and not out["draft"]:
            self._redirect(item, path)

    def _find_authors(self, item: Item) -> list[str]:
        """Who wrote it: several where a plugin for that says so, else its creator."""
        several = [name for domain, slug, name in item.terms if domain == "author" and slug.startswith("cap-")]
        found = [self._logins.get(make_slug(name), name) for name in several] or [item.fields.get("creator", "")]
        return [make_slug(name) for name in found if make_slug(name)]

    def _keep_comments(self, item: Item, path: str, title: str) -> None:
        """Keep what readers wrote; spam, and what other sites sent, are only noted."""
        kept = 0
        for row in item.comments:
            kind, approved = row.get("comment_type", ""), row.get("comment_approved", "1")
            text = plain_comment(str(row.get("comment_content", "")))
            shown = f"{row.get('comment_author', '')} on {title}: {text}"
            if approved in ("spam", "trash", "post-trashed"):
                self._note(row["line"], "comments that were spam or in the trash", shown)
            elif kind not in ("", "comment"):
                self._note(row["line"], "notices of other sites and programs among the comments", f"{kind}: {shown}")
            elif not path or not text:
                self._note(row["line"], "comments on what is not published", shown)
            else:
                kept += 1
                date = _read_date(row.get("comment_date_gmt", ""), row.get("comment_date", ""))
                parent = row.get("comment_parent", "0")
                self.comments.add(item.fields.get("post_id") or str(item.start), row.get("comment_id") or str(kept), {
                    "path": path, "parent": "" if parent == "0" else parent, "name": row.get("comment_author") or "?", "email": row.get("comment_author_email", ""),
                    "date": date, "content": text, "is_approved": approved == "1",
                })  # fmt: skip
        if kept:
            self._note(item.line, "comments", f"{kept} on {title}", f"kept in {FILE}, for cms comments import")

    def _note_use(self, out: dict[str, Any]) -> None:
        """Which terms and people have something to show."""
        used = [(field, term) for field, terms in out.items() if isinstance(terms, list) for term in terms]
        self.site.connection.executemany("INSERT OR IGNORE INTO used VALUES (?, ?)", used)
        if out.get("locale"):
            self.languages.note_terms(out["locale"], used)

    def list_used(self, field: str) -> list[str]:
        """The terms or people of a field that have something to show."""
        return [row[0] for row in self.site.connection.execute("SELECT term FROM used WHERE field = ? ORDER BY term", (field,))]

    def is_used(self, field: str, term: str) -> bool:
        return bool(self.site.connection.execute("SELECT 1 FROM used WHERE field = ? AND term = ?", (field, term)).fetchone())

    def _redirect(self, item: Item, path: str) -> None:
        """Old addresses of an entry beside its own: feeds, parts of a long one, former slugs."""
        self.site.redirect(f"{path.rstrip('/')}/feed/", path)
        parts = item.fields.get("content", "").count("<!--nextpage-->")
        for number in range(2, parts + 2):
            self.site.redirect(f"{path.rstrip('/')}/{number}/", path)
        parent = path.rstrip("/").rpartition("/")[0]
        for old in item.repeated.get("_wp_old_slug", [item.meta.get("_wp_old_slug", "")]):
            if make_slug(unquote(old)):
                self.site.redirect(f"{parent}/{make_slug(unquote(old))}/", path)

    def _convert_body(self, item: Item) -> str:
        line = item.lines.get("content", item.line)
        content = Content(
            self._load_block, self._load_media, lambda kind, at, detail, fate: self._note(at, kind, detail, fate), read_footnotes(item)
        )
        html = make_html(item.fields.get("content", ""), line, content)
        return convert_html(html, self.rewrite, lambda kind, detail, fate: self._note(line, kind, detail, fate))

    def rewrite(self, address: str) -> str:
        """The new address of a link or picture: a path where it leads to the old site."""
        address = address.strip()
        try:
            parts = urlsplit(address)
        except ValueError:
            return address
        if parts.scheme not in ("", "http", "https") or not (parts.netloc or parts.path):
            return address
        if parts.netloc and parts.netloc.lower().removeprefix("www.") != self.index.host:
            return address
        end = f"#{parts.fragment}" if parts.fragment else ""
        if parts.query and (path := self.index.find_by_query(parts.query)):
            return path + end
        if not (parts.path == self.index.base_path or parts.path.startswith(f"{self.index.base_path}/")):
            return address
        path = parts.path[len(self.index.base_path) :] or "/"
        if path.startswith("/wp-content/"):
            whole = address if parts.netloc else f"{self.index.base_url}{path}"
            return self.media.find(path, whole)
        return f"{path}{f'?{parts.query}' if parts.query else ''}{end}"

    def _load_media(self, number: str) -> tuple[str, str] | None:
        found = self.index.load(number)
        if found is None or not found[2]:
            self._misses += 1
            return None
        return self.rewrite(found[2]), found[3]

    def _load_block(self, number: str) -> str | None:
        found = self.index.load(number)
        if found is None:
            self._misses += 1
        return found[5] if found is not None and found[0] == "wp_block" else None

    def _find_terms(self, item: Item) -> dict[str, Any]:
        out: dict[str, list[str]] = {}
        for domain, slug, name in item.terms:
            if domain == "post_format":
                self._note(item.line, "formats of posts", name or slug, "shown like other posts")
            elif domain not in NO_TERMS:
                field = {"category": "categories", "post_tag": "tags"}.get(domain) or name_taxonomy(domain)
                taxonomy = {"post_tag": "tag"}.get(domain, domain)
                for value in reversed(self.index.find_way(taxonomy, unquote(slug) or make_slug(name))):
                    if value not in out.setdefault(field, []):  # lists of terms show what stands below them too
                        out[field].append(value)
        return dict(out)

    def _find_updated(self, item: Item, date: str) -> str | None:
        updated = _read_date(item.fields.get("post_modified_gmt", ""), item.fields.get("post_modified", ""))
        return updated if updated > date else None

    def _is_hidden(self, item: Item) -> bool:
        status, title = item.fields.get("status", "publish"), plain_title(item.fields.get("title", ""))
        if item.fields.get("post_password"):
            self._note(item.line, "pages with a password", title, "kept as drafts")
            return True
        if status == "private":
            self._note(item.line, "private pages", title, "kept as drafts")
        elif status not in ("publish", "future", "draft", "pending", "inherit"):
            self._note(item.line, "states of plugins", f"{status}: {title}", "kept as drafts")
        return status not in ("publish", "future")

    def _convert_attachment(self, item: Item) -> None:
        address = item.fields.get("attachment_url", "")
        path = self.index.find_path(item.fields.get("link", ""))
        for name in ("content", "excerpt"):
            if text := plain_title(item.fields.get(name, "")):
                what = "descriptions" if name == "content" else "captions"
                self._note(
                    item.line, f"{what} of pictures and files", f"{item.fields.get('title', '')}: {text}", "shown where a text uses them"
                )
        if address:
            new = self.rewrite(address)
            self._count("media", item)
            if path and path != "/":
                self.site.redirect(path, new)


def _read_date(universal: str, local: str) -> str:
    """A time of the export: by the world's clock where that is given, else in the site's zone."""
    for text, mark in ((universal, "Z"), (local, "")):
        try:
            return datetime.fromisoformat(text.strip()).strftime(f"%Y-%m-%d %H:%M:%S{mark}")
        except ValueError:
            continue
    return ""
