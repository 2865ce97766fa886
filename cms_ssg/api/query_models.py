"""Reads the parameters of an address into a model by one call of pydantic: FastAPI would look at the model's fields anew for each request."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from fastapi import Depends
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

PROBLEM: Final = {"422": {"description": "A parameter is not as it should be", "content": {"application/problem+json": {}}}}


def read_models(endpoint: Callable[..., Any]) -> tuple[Callable[..., Any], dict[str, Any]]:
    """A route's function with its model of the query read here, and what OpenAPI says of it.

    It is the same function where no parameter of it is ``Annotated[Model, Query()]``.
    """
    hints = get_type_hints(endpoint, include_extras=True)
    signature = inspect.signature(endpoint)
    name = next((name for name in signature.parameters if _find_model(hints.get(name)) is not None), "")
    model = _find_model(hints.get(name))
    if model is None:
        return endpoint, {}

    call = _wrap_async(endpoint) if inspect.iscoroutinefunction(endpoint) else _wrap(endpoint)
    parameters = [
        one.replace(annotation=Annotated[model, Depends(make_reader(model))] if one.name == name else hints.get(one.name, one.annotation))
        for one in signature.parameters.values()
    ]
    call.__signature__ = signature.replace(parameters=parameters, return_annotation=hints.get("return", Any))  # type: ignore[attr-defined]
    call.__name__, call.__doc__, call.__module__ = endpoint.__name__, endpoint.__doc__, endpoint.__module__
    return call, {"parameters": list(_describe(model)), "responses": PROBLEM}


def _wrap(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    def call(**given: Any) -> Any:
        return endpoint(**given)

    return call


def _wrap_async(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    async def call(**given: Any) -> Any:
        return await endpoint(**given)

    return call


def make_reader(model: type[BaseModel]) -> Callable[[Request], Any]:
    """A dependency that gives the model of a request's query. Raises RequestValidationError."""
    lists = frozenset(name for name, field in model.model_fields.items() if get_origin(field.annotation) is list)
    validate = model.model_validate

    async def read(request: Request) -> Any:
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
