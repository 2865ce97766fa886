"""A client for the API of a site: its methods are the operations that the site's own OpenAPI description names. Needs httpx: ``pip install 'cms-ssg[client]'``.

with Client("https://example.org", token="cms_…") as site:
for entry in site.list_entries(type="post", limit=10)["entries"]:
print(entry["title"])
flood = site.show_entry(812)
site.change_entry(812, version=flood["version"], fields={"title": "Floods"})
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

if TYPE_CHECKING:
    import httpx

METHODS: Final = ("get", "post", "put", "patch", "delete")
MOST_TRIES: Final = 3
LONGEST_WAIT_S: Final = 30.0


class ApiProblem(Exception):
    """The API refused. code: permanent, see docs/errors.md; hint: what to do; errors: by field; version: of the entry as it is now, after a conflict."""

    def __init__(self, status: int, value: Mapping[str, Any], version: int = 0) -> None:
        self.status, self.code, self.version = status, str(value.get("code", "")), version
        self.hint = str(value.get("hint", ""))
        self.errors = {str(one.get("field")): one.get("message") for one in value.get("errors", ())}
        super().__init__(f"{value.get('detail') or 'no answer that can be read'} [{self.code or status}]")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. names: of the parts of its path, in order; queries: of its parameters in the query; about: its first line."""

    method: str
    path: str
    names: tuple[str, ...]
    queries: frozenset[str]
    about: str


def read_operations(document: Mapping[str, Any]) -> dict[str, Operation]:
    """The operations of an OpenAPI description by the names of the functions that answer them; where two have one name, with their paths."""
    found: dict[str, Operation] = {}
    for path, methods in document.get("paths", {}).items():
        for method in METHODS:
            if method not in methods:
                continue
            one = methods[method]
            parameters = one.get("parameters", ())
            queries = frozenset(p["name"] for p in parameters if p.get("in") == "query")
            operation = Operation(method.upper(), path, tuple(re.findall(r"{(\w+)(?::\w+)?}", path)), queries, str(one.get("summary", "")))
            whole = str(one.get("operationId", f"{method}{path}"))
            name = whole.removesuffix("_" + method).removesuffix(re.sub(r"\W", "_", path))
            found[name if name not in found else whole] = operation
    return found


class Client:
    """The API of one site. base_url: of the site; token: as `cms token create` showed it; timeout_s: of one answer; transport: of httpx, for tests."""

    def __init__(self, base_url: str, token: str = "", *, timeout_s: float = 20.0, transport: httpx.BaseTransport | None = None) -> None:
        import httpx

        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=base_url.rstrip("/"), headers=headers, timeout=timeout_s, transport=transport)
        self._operations: dict[str, Operation] | None = None

    @property
    def operations(self) -> dict[str, Operation]:
        """What the site offers, asked for once. Raises ApiProblem."""
        if self._operations is None:
            self._operations = read_operations(self._send("GET", "/api/openapi.json", {}, None, {}))
        return self._operations

    def call(self, name: str, *parts: object, version: int | str = 0, **values: Any) -> Any:
        """Ask for an operation. parts: of its path; version: that a change is made from, its number or the etag; values: parameters of the query, and the fields of the body.

        Waits and asks again where it is told to (429, 503), at most twice. Raises ApiProblem, and TypeError for a name or parts that do not fit.
        """
        operation = self.operations.get(name)
        if operation is None:
            raise TypeError(f"the site has no operation {name}; it has {', '.join(sorted(self.operations))}")
        if len(parts) != len(operation.names):
            raise TypeError(f"{name} takes {', '.join(operation.names) or 'no parts'}, not {len(parts)} of them")
        path = re.sub(r"{(\w+)(?::\w+)?}", "{}", operation.path).format(*(quote(str(part), safe="") for part in parts))
        queries = {key: value for key, value in values.items() if key in operation.queries and value is not None}
        body = {key: value for key, value in values.items() if key not in operation.queries}
        headers = {"If-Match": version if isinstance(version, str) else f'"v{version}"'} if version else {}
        return self._send(operation.method, path, queries, body if operation.method != "GET" else None, headers)

    def _send(self, method: str, path: str, queries: Mapping[str, Any], body: Any, headers: Mapping[str, str]) -> Any:
        for left in reversed(range(MOST_TRIES)):
            answer = self._http.request(method, path, params=dict(queries), json=body or None, headers=dict(headers))
            wait = answer.headers.get("retry-after", "")
            if answer.status_code in (429, 503) and left and wait.isdigit() and float(wait) <= LONGEST_WAIT_S:
                time.sleep(float(wait))
                continue
            break
        try:
            value = answer.json() if answer.content else None
        except ValueError:
            value = None
        if answer.is_success:
            return value
        etag = re.fullmatch(r'"v(\d+)(?:-\w+)?(?:;\w+)?"', answer.headers.get("etag", ""))
        raise ApiProblem(answer.status_code, value if isinstance(value, dict) else {}, int(etag[1]) if etag else 0)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def ask(*parts: object, **values: Any) -> Any:
            return self.call(name, *parts, **values)

        return ask

    def close(self) -> None:
        """Give connections back."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
