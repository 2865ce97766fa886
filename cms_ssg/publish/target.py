"""Where pages go: the role every target plays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from cms_ssg.config.settings import Settings

if TYPE_CHECKING:
    from cms_ssg.publish.kept import Kept

Before = Callable[[], None] | None
"""What to call before something is written or removed."""


class Live(NamedTuple):
    """What is known of an object at the target. digest: of its bytes, None where that is not sure; etag: its version, None where there is none."""

    digest: bytes | None
    etag: str | None


class Object(NamedTuple):
    """Bytes to be put at a key (``about/index.html``).

    kind: of the output; digest: of data; live: what is there, None for nothing known; path: of the output; reads: keys of what it shows;
    tags: those it had when it was kept, parted by commas; cache: its class, as an artifact has it.
    """

    key: str
    data: bytes
    content_type: str
    kind: str
    digest: bytes
    live: Live | None
    path: str = ""
    reads: Collection[int] = ()
    tags: str = ""
    cache: str = ""


IN_THE_WAY: Final = "a file and a folder would have the same name there"
"""Why a folder does not take an object where something lies that may be about to be removed."""


class Outcome(NamedTuple):
    """What became of an object. written: its bytes were not there before and now are; refused: why the target did not take it; lasting: it
    will not take it at another time either, unless somebody does something about that.
    """

    written: bool
    etag: str | None = None
    refused: str | None = None
    lasting: bool = False


class Listed(NamedTuple):
    """An object as a listing has it."""

    key: str
    etag: str | None
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a kind of target can do, known from its address before it is opened.

    looks_are_free: asking what is there costs next to nothing; is_shared: other machines may write there; retires: what pages of visitors may
    still ask for stays for a while after it goes; has_versions: an object has headers and a version, which a write may name.
    """

    looks_are_free: bool
    is_shared: bool
    retires: bool
    has_versions: bool


FOLDER: Final = Abilities(looks_are_free=True, is_shared=False, retires=False, has_versions=False)
STORE: Final = Abilities(looks_are_free=False, is_shared=True, retires=True, has_versions=True)


def find_abilities(settings: Settings) -> Abilities:
    """Of the target that the settings name."""
    return FOLDER if settings.target.folder else STORE


class Target(Protocol):
    """A place for objects by key. Writing and removing are safe to repeat."""

    abilities: Abilities

    @property
    def kept(self) -> Kept | None:
        """Where what is written over goes first, None where it is not kept."""

    recheck: Before
    """What to call between a look at an object and a write that goes by what was seen; from any thread."""

    def write_many(self, objects: Sequence[Object], before: Before = None) -> list[Outcome]:
        """Put objects there, each whole or not at all, in any order; before is called now and then before one is."""

    def remove_many(self, keys: Sequence[str], before: Before = None) -> list[str | None]:
        """Take objects away; nothing there is no error. Says of each why it is still there, None where it is not."""

    def clear_left(self, keys: Sequence[str]) -> None:
        """Take away what a killed build may have left beside these objects."""

    def read(self, key: str) -> bytes | None:
        """An object's bytes, None where there is none."""

    def is_empty(self) -> bool:
        """Whether nothing at all is there, as far as one cheap look can tell."""

    def list_objects(self) -> Iterator[Listed]:
        """Everything that is there. For audits only: builds never list."""

    def honours_conditions(self) -> bool:
        """Whether a write over another version than the one that was named is refused. Asks the store: once a site is enough."""

    def is_own(self, key: str) -> bool:
        """Whether an object says that it was written for this site."""

    def adopt(self, key: str) -> None:
        """Let builds write over an object that says nothing of who wrote it."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: objects in a shared store say it of themselves.

    site: its name; store: stands for the database; epoch: of the lease; claims: what others wrote under the site's name may be replaced;
    conditions: the store honours If-Match.
    """

    site: str
    store: str
    epoch: int
    claims: bool = False
    conditions: bool = True


def find_folder(root: Path, settings: Settings) -> Path | None:
    """The folder of this machine that pages go to, None where they go elsewhere."""
    return (root / settings.target.folder).resolve() if settings.target.folder else None


def is_same_target(recorded: str, name: str) -> bool:
    """Whether a recorded name means this target. Names that were recorded by earlier versions may have slashes at the end of the URL."""
    url, space, form = recorded.partition(" ") if recorded.startswith("s3:") else (recorded, "", "")
    return url.rstrip("/") + space + form == name


def name_target(settings: Settings) -> str:
    """What the manifest remembers of a target: where it is, and with what headers objects lie there."""
    if not find_abilities(settings).has_versions:
        return settings.target.url
    from cms_ssg.publish.headers import name_form

    return f"{settings.target.url} {name_form(settings)}"
