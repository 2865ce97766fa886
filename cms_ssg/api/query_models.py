"""Reads the parameters of an address into a model by one call of pydantic: FastAPI would look at the model's fields anew for each request, and at
what a route depends on.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

PROBLEM: Final = {"422": {"description": "A parameter is not as it should be", "content": {"application/problem+json": {}}}}


Check = Callable[[Request], Awaitable[None]]


def read_models(endpoint: Callable[..., Any], check: Check) -> tuple[Callable[..., Any], bool, dict[str, Any]]:
    """A route's function with its model of the query read here; whether it checks the request first, by itself; and what OpenAPI says of the model.

    It is the same function where its parameters are others than a request and ``Annotated[Model, Query()]``.
    """
    hints = get_type_hints(endpoint, include_extras=True)
    names = list(inspect.signature(endpoint).parameters)
    model = _find_model(hints.get(names[1])) if len(names) == 2 and hints.get(names[0]) is Request else None
    if model is None or not inspect.iscoroutinefunction(endpoint):
        return endpoint, False, {}
    read = make_reader(model)

    @wraps(endpoint)
    async def call(request: Request) -> Any:
        await check(request)
        return await endpoint(request, read(request))

    del call.__wrapped__  # FastAPI would look at its parameters
    call.__annotations__ = {"request": Request, "return": hints.get("return", Any)}
    return call, True, {"parameters": list(_describe(model)), "responses": PROBLEM}


def make_reader(model: type[BaseModel]) -> Callable[[Request], Any]:
    """A function that gives the model of a request's query, or raises RequestValidationError."""
    lists = frozenset(name for name, field in model.model_fields.items() if get_origin(field.annotation) is list)
    validate = model.model_validate

    def read(request: Request) -> Any:
        values: dict[str, Any] = {}
        for name, value in request.query_params.multi_items():
            if name in lists:
                values.setdefault(name, []).append(value)
            else:
                values[name] = value
        try:
            return validate(values)
        except ValidationError as error:
            raise RequestValidationError([{**one, "loc": ("query", *one["loc"])} for one in error.errors(include_url=False)]) from None

    return read


def _find_model(hint: Any) -> type[BaseModel] | None:
    if get_origin(hint) is not Annotated:
        return None
    kind, *marks = get_args(hint)
    is_model = isinstance(kind, type) and issubclass(kind, BaseModel) and any(isinstance(mark, Query) for mark in marks)
    return kind if is_model else None


def _describe(model: type[BaseModel]) -> Any:
    schema = model.model_json_schema()
    for name, value in schema.get("properties", {}).items():
        known = {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": value}
        yield known | ({"description": value["description"]} if "description" in value else {})
