"""Reading a request's JSON strictly: no duplicate keys, integers only, no unknown field."""

from typing import TypeVar

from flask import request
from pydantic import BaseModel, ValidationError

from audit.label import BinaryInvalid, unb64
from tally import canonical
from web.problem import FieldFault, Problem, malformed

Model = TypeVar("Model", bound=BaseModel)

MOST_FAULTS = 20

FAULTS = {
    "extra_forbidden": "unknown",
    "missing": "missing",
    "string_pattern_mismatch": "base64url",
    "string_too_long": "long",
    "string_too_short": "empty",
    "string_type": "text",
    "int_type": "integer",
    "greater_than_equal": "small",
    "less_than_equal": "large",
    "list_type": "list",
    "too_short": "few",
    "too_long": "many",
    "literal_error": "value",
    "model_type": "object",
}


def read_body(model: type[Model]) -> tuple[Model, canonical.Value]:
    """The request's body as ``model``, and as the plain value it was read from.

    Raises Problem("malformed") that names every field at fault and never repeats a value.
    """
    try:
        value = canonical.read(request.get_data(cache=False))
    except canonical.CanonicalError as error:
        # The error's message may quote a key or a number: only the place is passed on.
        if error.offset is None:
            raise malformed("", "json") from None
        raise malformed("", "json-at", offset=str(error.offset)) from None
    try:
        return model.model_validate(value), value
    except ValidationError as error:
        faults = dict.fromkeys(
            (
                ".".join(str(part) for part in fault["loc"] if _known(model, part)),
                FAULTS.get(fault["type"], "invalid"),
            )
            for fault in error.errors(include_url=False, include_input=False)
        )
        fields = [FieldFault(field=place, code=code) for place, code in faults]
        raise Problem("malformed", fields=fields[:MOST_FAULTS]) from None


def binary(text: str, place: str, *, size: int | None = None) -> bytes:
    """The bytes of a field in base64url. Raises Problem("malformed") that names it."""
    try:
        return unb64(text, place, size=size)
    except BinaryInvalid:
        raise malformed(place, "base64url") from None


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
