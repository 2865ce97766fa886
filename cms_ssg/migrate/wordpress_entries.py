"""Items of an export of WordPress as content files, redirects and lines of menus."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from cms_ssg.migrate.folder import NewSite
from cms_ssg.migrate.html_text import convert_html
from cms_ssg.migrate.media import Media
from cms_ssg.migrate.wordpress_content import Content, make_excerpt, make_html
from cms_ssg.migrate.wordpress_index import Index, name_taxonomy
from cms_ssg.migrate.wxr import Head, Item
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json

SYSTEM: Final = frozenset(
    "revision wp_block wp_global_styles wp_navigation wp_template wp_template_part wp_font_family wp_font_face customize_changeset oembed_cache user_request".split()
)
SEO: Final = {
    "meta_title": ("_yoast_wpseo_title", "rank_math_title", "_aioseo_title"),
    "meta_description": ("_yoast_wpseo_metadesc", "rank_math_description", "_aioseo_description"),
    "canonical": ("_yoast_wpseo_canonical", "rank_math_canonical_url"),
}


class Converter:
    """Makes files of items."""

    def __init__(self, file: str, head: Head, site: NewSite, index: Index, media: Media, *, resumed: bool) -> None:
        self.file, self.site, self.index, self.media = file, site, index, media
        self.people = {row.get("author_login", ""): row.get("author_login", "") for row in head.authors}
        self._misses = 0
        if not resumed:
            site.connection.execute("DROP TABLE IF EXISTS menus")
        site.connection.execute(
            "CREATE TABLE IF NOT EXISTS menus (menu TEXT, place INT, id TEXT, title TEXT, url TEXT, parent TEXT, PRIMARY KEY (menu, place, id))"
        )
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
            self._convert_menu_item(item)
        elif kind in SYSTEM:
            if kind != "revision":
                self._count(kind, item)
        elif kind == "custom_css":
            self._note(item.line, "styles", item.fields.get("title", "custom CSS"))
        elif status in ("trash", "auto-draft"):
            self._note(item.line, "items in the trash", item.fields.get("title", ""))
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
        title = fields.get("title", "").strip()
        slug = make_slug(unquote(fields.get("post_name", "")) or title) or f"{kind}-{fields.get('post_id') or item.start}"
        waits = self._misses
        out: dict[str, Json] = {
            "title": title or slug,
            "slug": slug if kind == "post" and not path.endswith(f"/{slug}/") else None,
            "path": path or None,
            "date": date or None,
            "updated": self._find_updated(item, date),
            "draft": self._is_hidden(item),
            "authors": [fields["creator"]] if fields.get("creator") else None,
            "excerpt": make_excerpt(fields.get("excerpt", "")),
            **self._find_terms(item),
            **self._find_seo(item),
            "image": None,
            "is_featured": fields.get("is_sticky") == "1",
        }
        if thumbnail := item.meta.get("_thumbnail_id"):
            found = self._load_media(thumbnail)
            out["image"], out["image_alt"] = found or (None, None)
        own = {name: value for name, value in item.meta.items() if not name.startswith("_") and value and not name.startswith("rank_math")}
        if own:
            out["metadata"] = own
        if item.comments:
            self._note(item.line, "comments", f"{item.comments} on {title or slug}")
        body = self._convert_body(item)
        folder = {"post": f"content/posts/{date[:4] or 'undated'}", "page": "content/pages"}.get(kind, f"content/{make_slug(kind)}")
        name = (path.strip("/") or "index") if kind == "page" and path and "." not in path else slug
        self.site.write_entry(self.site.choose_name(f"{folder}/{name}.md", f"{kind}:{fields.get('post_id') or item.start}"), out, body)
        self._count(kind, item, date[:10] if path and not out["draft"] else "")
        if self._misses > waits:
            index.wait_for(item)
        if not out["draft"]:
            self._note_use(fields.get("creator", ""), out)
        if path and not out["draft"]:
            self._redirect(item, path)

    def _note_use(self, creator: str, out: dict[str, Any]) -> None:
        """Which terms and people have something to show."""
        used = [("author", creator)] + [(field, term) for field, terms in out.items() if isinstance(terms, list) for term in terms]
        self.site.connection.executemany("INSERT OR IGNORE INTO used VALUES (?, ?)", used)

    def is_used(self, field: str, term: str) -> bool:
        return bool(self.site.connection.execute("SELECT 1 FROM used WHERE field = ? AND term = ?", (field, term)).fetchone())

    def _redirect(self, item: Item, path: str) -> None:
        """Old addresses of an entry beside its own: feeds, parts of a long one, former slugs."""
        self.site.redirect(f"{path.rstrip('/')}/feed/", path)
        parts = item.fields.get("content", "").count("<!--nextpage-->")
        for number in range(2, parts + 2):
            self.site.redirect(f"{path.rstrip('/')}/{number}/", path)
        if old := item.meta.get("_wp_old_slug"):
            parent = path.rstrip("/").rpartition("/")[0]
            self.site.redirect(f"{parent}/{make_slug(unquote(old))}/", path)

    def _convert_body(self, item: Item) -> str:
        line = item.lines.get("content", item.line)
        content = Content(self._load_block, self._load_media, lambda kind, at, detail, fate: self._note(at, kind, detail, fate))
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
            if domain not in ("post_format", "nav_menu", "wp_theme", "post_visibility"):
                field = {"category": "categories", "post_tag": "tags"}.get(domain) or name_taxonomy(domain)
                taxonomy = {"category": "category", "post_tag": "tag"}.get(domain, domain)
                for value in reversed(self.index.find_way(taxonomy, unquote(slug) or make_slug(name))):
                    if value not in out.setdefault(field, []):  # lists of terms show what stands below them too
                        out[field].append(value)
        return dict(out)

    def _find_seo(self, item: Item) -> dict[str, Json]:
        out: dict[str, Json] = {}
        for field, names in SEO.items():
            value = next((item.meta[name] for name in names if item.meta.get(name)), "")
            if "%" in value and field != "canonical":
                self._note(item.line, "titles made of variables", value)
            else:
                out[field] = value or None
        out["noindex"] = item.meta.get("_yoast_wpseo_meta-robots-noindex") == "1" or "noindex" in item.meta.get("rank_math_robots", "")
        return out

    def _find_updated(self, item: Item, date: str) -> str | None:
        updated = _read_date(item.fields.get("post_modified_gmt", ""), item.fields.get("post_modified", ""))
        return updated if updated > date else None

    def _is_hidden(self, item: Item) -> bool:
        status, title = item.fields.get("status", "publish"), item.fields.get("title", "")
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
        if address:
            new = self.rewrite(address)
            self._count("media", item)
            if path and path != "/":
                self.site.redirect(path, new)

    def _convert_menu_item(self, item: Item) -> None:
        menu = next((slug for domain, slug, _ in item.terms if domain == "nav_menu"), "")
        kind, number = item.meta.get("_menu_item_type", "custom"), item.meta.get("_menu_item_object_id", "")
        title, url = item.fields.get("title", "").strip(), ""
        if kind == "post_type" and (found := self.index.load(number)):
            title, url = title or found[4], found[1]
        elif kind == "taxonomy" and (term := self.index.load_term(number)):
            title, url = title or term[2], f"/{term[0]}/{term[1]}/"
        elif kind == "custom":
            url = self.rewrite(item.meta.get("_menu_item_url", ""))
        if not menu or not url or url == "#":
            self._note(item.line, "lines of menus", f'{menu or "no menu"}: "{title}" leads to nothing')
            return
        parent = item.meta.get("_menu_item_menu_item_parent", "0")
        place = int(item.fields.get("menu_order") or 0) if (item.fields.get("menu_order") or "0").isdigit() else 0
        self.site.connection.execute(
            "INSERT OR REPLACE INTO menus VALUES (?, ?, ?, ?, ?, ?)",
            (menu, place, item.fields.get("post_id", ""), title, url, "" if parent == "0" else parent),
        )

    def list_menus(self) -> dict[str, list[dict[str, Any]]]:
        """The menus with their lines in order. What stood below a line of the second level stands beside it."""
        out: dict[str, list[dict[str, Any]]] = {}
        rows = self.site.connection.execute("SELECT menu, id, title, url, parent FROM menus ORDER BY menu, place, id").fetchall()
        parents = {(menu, number): parent for menu, number, _, _, parent in rows}
        heads: dict[tuple[str, str], dict[str, Any]] = {}
        for menu, number, title, url, parent in rows:
            top, seen = parent, {number}
            while (above := parents.get((menu, top))) and top not in seen:
                seen.add(top)
                top = above
            line = {"title": title or url, "url": url}
            if (head := heads.get((menu, top))) is not None:
                head.setdefault("below", []).append(line)
                continue
            heads[menu, number] = line
            out.setdefault(re.sub(r"[^a-z0-9]+", "-", make_slug(unquote(menu))).strip("-") or "menu", []).append(line)
        return out


def _read_date(universal: str, local: str) -> str:
    """A time of the export: by the world's clock where that is given, else in the site's zone."""
    for text, mark in ((universal, "Z"), (local, "")):
        try:
            return datetime.fromisoformat(text.strip()).strftime(f"%Y-%m-%d %H:%M:%S{mark}")
        except ValueError:
            continue
    return ""
