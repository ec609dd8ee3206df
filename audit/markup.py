"""HTML that cannot be broken into: every text is escaped unless it was built here."""

from dataclasses import dataclass
from html import escape
from typing import Final

VOID: Final = frozenset({"img", "meta", "link", "br"})


@dataclass(frozen=True, slots=True)
class Html:
    """A piece of finished HTML."""

    source: str

    def __add__(self, other: "Html") -> "Html":
        return Html(self.source + other.source)


Child = Html | str | None


def joined(*children: Child) -> Html:
    """Children one after the other; texts are escaped, None is nothing."""
    return Html(
        "".join(
            child.source if isinstance(child, Html) else escape(child, quote=True)
            for child in children
            if child is not None
        )
    )


def tag(name: str, /, *children: Child, **attributes: str | bool | None) -> Html:
    """An element. ``class_`` is written ``class``, ``_`` in other names ``-``; False and None
    leave an attribute out, True writes it without a value."""
    written = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        spelled = key.rstrip("_").replace("_", "-")
        written.append(spelled if value is True else f'{spelled}="{escape(str(value))}"')
    opening = f"<{' '.join(written)}>"
    if name in VOID:
        return Html(opening)
    return Html(f"{opening}{joined(*children).source}</{name}>")
