"""From a path in the definition back to the line that the officers wrote."""

import re
from collections.abc import Mapping
from typing import Any, Final

from ballot.definition.contest_table import toml_key
from ballot.definition.draft import Draft
from ballot.definition.finding import PICTURES_FOLDER, Key, Place
from ballot.definition.projects_file import Row

_NUMBER: Final = re.compile(r"\[(\d{1,9})\]", re.ASCII)


def split_path(value: object, path: str) -> Key:
    """The parts of a path such as ``contests[0].projects[3].cost``.

    Keys may hold points and brackets themselves (names of districts): ``value`` says which.
    """
    parts: list[str | int] = []
    while path:
        path = path.removeprefix(".")
        if isinstance(value, list | tuple) and (number := _NUMBER.match(path)):
            position = int(number[1])
            parts.append(position)
            value = value[position] if position < len(value) else None
            path = path[number.end() :]
            continue
        keys: list[str] = []
        if isinstance(value, Mapping):
            keys = [key for key in value if isinstance(key, str) and _begins(path, key)]
        key = max(keys, key=len) if keys else re.split(r"[.\[]", path, maxsplit=1)[0] or path
        parts.append(key)
        value = value.get(key) if isinstance(value, Mapping) else None
        path = path[len(key) :]
    return tuple(parts)


def _begins(path: str, key: str) -> bool:
    return bool(key) and path.startswith(key) and path[len(key) : len(key) + 1] in ("", ".", "[")


def contest_at(draft: Draft, path: Key) -> Mapping[str, Any] | None:
    """The contest that a path leads into."""
    if path[:1] != ("contests",) or len(path) < 2 or not isinstance(path[1], int):
        return None
    contests = draft.value["contests"]
    return contests[path[1]] if path[1] < len(contests) else None


def place_of(draft: Draft, path: Key) -> Place:
    """Where the value at a path of the definition is written."""
    if path[:1] == ("contests",) and len(path) > 1 and isinstance(path[1], int):
        number = path[1]
        if number >= len(draft.origins):
            return draft.place("envelope")
        if path[2:3] == ("projects",):
            return _project_place(draft, number, path[3:])
        return draft.place(*draft.origins[number], *toml_key(path[2:]))
    if path[:1] == ("contests",):
        return draft.place("envelope")
    if path[:1] == ("styles",):
        return draft.place("style", *path[1:])
    if path[:1] == ("exponent",):
        return draft.place("decimals")
    return draft.place(*path)


def _project_place(draft: Draft, contest: int, path: Key) -> Place:
    rows: list[Row] = draft.rows[contest]
    file = draft.projects
    if file is None or not path or not isinstance(path[0], int) or path[0] >= len(rows):
        return draft.place(*draft.origins[contest])
    row = rows[path[0]]
    column = str(path[1]) if len(path) > 1 else "id"
    if column in ("title", "description"):
        code = str(path[2]) if len(path) > 2 else (draft.languages or ("fr",))[0]
        column = file.column_of(column, code)
    if path[1:] == ("picture", "sha256"):
        name = row["picture"].replace("\\", "/").removeprefix(f"{PICTURES_FOLDER}/")
        return Place(file=f"{PICTURES_FOLDER}/{name}", field=f"{row['id']}.picture")
    return file.place(row, column)
