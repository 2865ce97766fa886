"""What a site's ``site.toml`` says, as frozen structs. Loading and checking is in ``load_settings``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from cms_ssg.config.api_settings import AnswerCache, Api, Mail, Search, Statistics, Visitors
from cms_ssg.config.editing_settings import Desk, Workflow
from cms_ssg.config.target_settings import Cdn, Target


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole of site.toml after defaults, [env.NAME] and CMS_* are applied.

    shared: folders, relative to the site's, whose ``content/`` is this site's too where it has no file of the same name; workflow: by content type;
    content_locale: where collections that do not say read their files' locale, as ``Collection.locale``; ``auto`` for ``suffix`` where there
    are several; lists: by content type, those that have a page; verticals: the features that are switched on; vertical: what their own tables
    say, by name, each as the struct that its vertical declares.
    """

    name: str = "site"
    env: str = ""
    title: str = "Untitled site"
    base_url: str = "http://localhost:8000"
    description: str = ""
    author: str = ""
    timezone: str = "UTC"
    noindex: bool = False
    theme: str = "base"
    locales: tuple[Locale, ...] = ()
    content_locale: str = "auto"
    page_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 20
    trash_days: Annotated[int, msgspec.Meta(ge=0, le=36_500)] = 0
    feed_size: Annotated[int, msgspec.Meta(ge=1, le=500)] = 20
    feeds: tuple[Literal["rss", "atom", "json"], ...] = ("rss", "atom", "json")
    feed_content: Literal["summary", "full"] = "summary"
    websub_hub: str = ""
    database_url: str = ""
    target: Target = msgspec.field(default_factory=Target)
    cdn: Cdn = msgspec.field(default_factory=Cdn)
    preview: Preview = msgspec.field(default_factory=lambda: Preview())  # noqa: PLW0108 - it is defined below
    home: Home = msgspec.field(default_factory=lambda: Home())  # noqa: PLW0108 - it is defined below
    collection: tuple[Collection, ...] = ()
    taxonomies: dict[str, Taxonomy] = {}
    lists: dict[str, TypeList] = {}
    menus: dict[str, tuple[MenuItem, ...]] = {}
    images: Images = msgspec.field(default_factory=lambda: Images())  # noqa: PLW0108 - it is defined below
    limits: Limits = msgspec.field(default_factory=lambda: Limits())  # noqa: PLW0108 - it is defined below
    markdown: Markdown = msgspec.field(default_factory=lambda: Markdown())  # noqa: PLW0108 - it is defined below
    tokens: dict[str, str] = {}
    redirects: dict[str, str] = {}
    redirect_files: tuple[str, ...] = ()
    data_files: tuple[str, ...] = ()
    params: dict[str, Any] = {}
    shared: tuple[str, ...] = ()
    workflow: dict[str, Workflow] = {}
    verticals: tuple[str, ...] = ("blog",)
    vertical: dict[str, Any] = {}
    plugins: tuple[str, ...] | None = None
    webhooks: tuple[Webhook, ...] = ()
    receiver: Receiver | None = None
    workers: Workers = msgspec.field(default_factory=lambda: Workers())  # noqa: PLW0108 - it is defined below
    mail: Mail = Mail()
    search: Search | None = None
    api: Api = Api()
    desk: Desk = msgspec.field(default_factory=Desk)
    cache: AnswerCache = AnswerCache()
    visitors: Visitors | None = None
    statistics: Statistics = Statistics()

    @property
    def store_name(self) -> str:
        """The site's name in the database: with its environment, since another target needs a manifest of its own."""
        return f"{self.name}@{self.env}" if self.env else self.name


class Locale(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One language of the site. The first is the default.

    code: BCP 47, lower case (``pt-br``); prefix: start of its URLs, ``""`` or ``/it``, by default ""
    for the first locale and ``/<code>`` for the others; fallback: ``none`` or ``page`` (entries that
    lack this locale are shown from the default one, canonical to it) or ``list`` (and join its lists).
    title, description, menus: in its language, those of the site where it has none; lists, taxonomies, home: what the pages of these are called.
    """

    code: str
    name: str = ""
    dir: Literal["ltr", "rtl", ""] = ""
    prefix: str | None = None
    hreflang: str = ""
    fallback: Literal["none", "page", "list"] = "none"
    title: str = ""
    description: str = ""
    menus: dict[str, tuple[MenuItem, ...]] = {}
    lists: dict[str, ListWords] = {}
    taxonomies: dict[str, ListWords] = {}
    home: ListWords = msgspec.field(default_factory=lambda: ListWords())  # noqa: PLW0108 - it is defined below


class ListWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the page of a list, or the index of a taxonomy, is called in a language; what the site says where it is empty."""

    title: str = ""
    description: str = ""


class Preview(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What ``cms preview`` makes. expire_after_s: how long it stays; pages: how many of those that a change touches are shown."""

    expire_after_s: Annotated[int, msgspec.Meta(ge=60, le=31_536_000)] = 604_800
    pages: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50


class Home(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The home page: which list it shows, newest first. url, title: where that list lives instead, if a content file is the home page."""

    list: str = "type/post"
    url: str = "/"
    title: str = ""


class Collection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A folder of content files and the rules by which they become entries. See docs/configuration.md.

    path: folder relative to the site (``content/posts``); glob: below it; type: content type;
    url: pattern such as ``/{year}/{month}/{slug}/`` (names: year month day slug section path folder
    locale type and any text field); locale: ``""`` (the default one), ``folder`` (first folder below
    path), ``suffix`` (``about.it.md``) or ``field:KEY``, by default ``site``: as its content_locale; date: ``""`` (field date), ``filename``
    (2015-05-15-x.md), ``path`` (/2015/05/15/ in the file's path) or ``KEY:REGEX`` with groups year,
    month, day on any front matter key; fields: own name -> front matter key; split: own name -> regular
    expression between the values of a list that was written as one text; section: ``""`` (field section)
    or ``folder``. Components in .mdx files are neutralised and reported.
    """

    name: str
    path: str = "content"
    glob: tuple[str, ...] = ("**/*.md", "**/*.markdown", "**/*.mdx")
    exclude: tuple[str, ...] = ()
    type: str = "post"
    types: dict[str, str] = {}
    url: str = ""
    locale: str = "site"
    date: str = ""
    section: str = ""
    fields: dict[str, str] = {}
    split: dict[str, str] = {}
    defaults: dict[str, Any] = {}


class Taxonomy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A way to group entries. field: the front matter field with the terms' names; url: of a term's
    first page, without ``{slug}`` where there is only one term; index: of the page that lists the terms,
    ``""`` for none, title, description: of that page; sort: fields that order a term's entries before what their type says; data: data file that knows the terms by name
    (``authors``), its ``name`` becomes the title.
    """

    field: str
    url: str
    index: str = ""
    title: str = ""
    description: str = ""
    page_size: int = 0
    feeds: tuple[Literal["rss", "atom", "json"], ...] | None = None
    sort: tuple[str, ...] = ()
    data: str = ""


class TypeList(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The list of all entries of a content type. url: of its first page; title: by default the type's name; description: below it; page_size, feeds: the site's by default."""

    url: str
    title: str = ""
    description: str = ""
    page_size: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    feeds: tuple[Literal["rss", "atom", "json"], ...] | None = None


class MenuItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of a menu: either url or ref (a content file or ``type:slug``). below: the lines under it, which have none themselves."""

    title: str = ""
    url: str = ""
    ref: str = ""
    weight: int = 0
    below: tuple[SubItem, ...] = ()


class SubItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A line under another one of a menu."""

    title: str = ""
    url: str = ""
    ref: str = ""


class Markdown(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How bodies are read. extensions off gives plain CommonMark."""

    extensions: bool = True
    typographer: bool = False
    highlight: bool = True
    raw_html: Literal["trusted", "sanitized"] = "trusted"


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much a content file may hold: kB of front matter, aliases."""

    front_matter_kb: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 64
    aliases: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 500


class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A receiver that is told of builds, by the rules of Standard Webhooks. secret_env: the variable that holds its secret."""

    url: str
    secret_env: str
    events: tuple[Literal["release.published", "build.failed", "entry.proposed", "entry.approved", "entry.commented", "breaking.pushed"], ...] = (
        "release.published", "build.failed",
    )  # fmt: skip


class Receiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `cms hooks serve` builds at. pull: `git pull --ff-only` before each build."""

    secret_env: str
    branch: str = "main"
    pull: bool = False


class Workers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a distributed build is shared. shard_size: pages that are claimed together; claim_s: how long a claim lasts that nobody renews."""

    shard_size: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 300
    claim_s: Annotated[float, msgspec.Meta(ge=0.5, le=600)] = 15.0


class ThemeImages(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a theme's ``theme.toml`` may say of images below ``[images]``; what it leaves out its parent says.

    widths: in pixels, of the variants; formats: besides JPEG or PNG; quality: WebP's, the others follow;
    sizes: how wide an image in running text is shown, as in HTML.
    """

    widths: tuple[Annotated[int, msgspec.Meta(ge=16, le=4096)], ...] = ()
    formats: tuple[Literal["avif", "webp"], ...] | None = None
    quality: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    sizes: str = ""


class Images(ThemeImages, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How images are published: what is said here goes before what the theme says.

    variants: make them at all; cards: draw a picture for social networks where an entry has none; card_font: a font file of the site for
    them; strip: take metadata out of originals; active_svg: show and publish SVGs with scripts, where writers are trusted.
    """

    variants: bool = True
    cards: bool = False
    card_font: str = ""
    strip: bool = True
    active_svg: bool = False
