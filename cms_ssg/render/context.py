"""Calls out of templates, of which a page has about a hundred."""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import Any

from jinja2.runtime import Context, Macro, Undefined
from jinja2.utils import internalcode

_PASSED = "jinja_pass_arg"
"""What jinja2's decorators pass_context, pass_eval_context and pass_environment set on a function."""
_plain_classes: dict[type, bool] = {}
"""Whether the instances of a class are called with nothing but what the template gives."""


class QuickContext(Context):
    """jinja2's context, whose call() first asks four times whether what is called wants to know the context; here it is asked once."""

    @internalcode
    def call(self, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        """What a function, a macro or another value gives when it is called from a template, as in jinja2."""
        kind = type(called)
        if kind is Macro:
            args = (self.eval_ctx, *args)
        elif kind is MethodType or kind is FunctionType:
            if getattr(called, _PASSED, None) is not None:
                return super().call(called, *args, **kwargs)
        elif not (_plain_classes[kind] if kind in _plain_classes else _note_class(kind)):
            return super().call(called, *args, **kwargs)
        if kwargs:
            kwargs.pop("_block_vars", None)
            kwargs.pop("_loop_vars", None)
        try:
            return called(*args, **kwargs)
        except StopIteration:
            return self.environment.undefined("value was undefined because a callable raised a StopIteration exception")


def _note_class(kind: type) -> bool:
    is_known = not issubclass(kind, type | Undefined) and not hasattr(kind, _PASSED)
    _plain_classes[kind] = is_known and getattr(kind.__call__, _PASSED, None) is None
    return _plain_classes[kind]
