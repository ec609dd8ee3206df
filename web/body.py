"""Reading a request's JSON strictly: no duplicate keys, integers only, no unknown field."""

from typing import TypeVar

from flask import request
from pydantic import BaseModel, ValidationError

from tally import canonical
from web.problem import Problem

Model = TypeVar("Model", bound=BaseModel)

_REMEDIES = {
    "extra_forbidden": "unknown field: leave it out",
    "missing": "missing: add it",
    "string_pattern_mismatch": "not base64url without padding of the right length",
    "string_too_long": "too long",
    "string_too_short": "empty",
    "string_type": "must be a text",
    "int_type": "must be an integer",
    "greater_than_equal": "too small",
    "less_than_equal": "too large",
    "list_type": "must be a list",
    "too_short": "too few",
    "too_long": "too many",
    "literal_error": "not the value expected here",
    "model_type": "must be an object",
}


def read_body(model: type[Model]) -> tuple[Model, canonical.Value]:
    """The request's body as ``model``, and as the plain value it was read from.

    Raises Problem("malformed") that names every field at fault and never repeats a value.
    """
    try:
        value = canonical.read(request.get_data(cache=False))
    except canonical.CanonicalError as error:
        # The message may name keys of the request but holds no value of it, except that a
        # duplicate or odd number is quoted: only the place is passed on.
        where = "" if error.offset is None else f" at byte {error.offset}"
        message = f"not JSON with integers only and no key twice{where}"
        raise Problem("malformed", fields=[{"field": "", "message": message}]) from None
    try:
        return model.model_validate(value), value
    except ValidationError as error:
        fields = [
            {
                "field": ".".join(str(part) for part in fault["loc"] if _known(model, part)),
                "message": _REMEDIES.get(fault["type"], "not as described"),
            }
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise Problem("malformed", fields=fields[:20]) from None


def _known(model: type[BaseModel], part: object) -> bool:
    """Whether a part of a place is ours to repeat: an unknown field's name is the sender's."""
    return isinstance(part, int) or str(part) in _names(model)


def _names(model: type[BaseModel]) -> set[str]:
    names: set[str] = set()
    for name, info in model.model_fields.items():
        names.add(name)
        for inner in (info.annotation, *getattr(info.annotation, "__args__", ())):
            for each in (inner, *getattr(inner, "__args__", ())):
                if isinstance(each, type) and issubclass(each, BaseModel):
                    names |= _names(each)
    return names
