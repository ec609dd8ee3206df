"""Envelopes and questions: what is voted on, and the rule that counts it.

Source: docs/formats.md section 2. Import these names from tally/election.py.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from tally.canonical import LARGEST_INTEGER, CanonicalError, Value, encode
from tally.errors import TallyError
from tally.fault import Node, shown
from tally.form import U16, Form, QuestionForm, check_form, form_value, read_form
from tally.frozen import FrozenMap, freeze_map, thaw
from tally.text import Text, read_identifier, read_project_id, read_text

TIE_CRITERIA: Final = ("votes", "score", "cost", "expensive", "order", "lot")
MOST_OPTIONS: Final = 255
_PICTURE_PATH: Final = re.compile(r"pictures/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture of the publication: its ``path`` there and the SHA-256 of its bytes (32 bytes)."""

    path: str
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What an envelope may pay for; ``cost`` in minor units, ``invented`` for demonstrations."""

    id: str
    title: Text
    description: Text
    cost: int
    category: tuple[str, ...] = ()
    district: str = ""
    picture: Picture | None = None
    invented: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An answer to a question."""

    id: str
    title: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingRule:
    """The name of a rule and its parameters (docs/rules.md)."""

    name: str
    parameters: FrozenMap[str, Value] = field(default_factory=FrozenMap)

    @classmethod
    def of(cls, name: str, parameters: Mapping[str, Value] | None = None) -> "CountingRule":
        """A rule from plain parameters, which are copied and frozen."""
        return cls(name=name, parameters=freeze_map(parameters or {}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A budget (minor units) and the projects that compete for it."""

    kind: ClassVar[str] = "envelope"
    id: str
    title: Text
    description: Text
    budget: int
    form: Form
    rule: CountingRule
    tie_break: tuple[str, ...]
    projects: tuple[Project, ...]

    @property
    def choices(self) -> tuple[Project, ...]:
        """What can be marked, in ballot order."""
        return self.projects

    def project(self, project_id: str) -> Project:
        """The project with this id. Raises TallyError when there is none."""
        for project in self.projects:
            if project.id == project_id:
                return project
        raise TallyError(f"contest {self.id!r} has no project {project_id!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with options."""

    kind: ClassVar[str] = "question"
    id: str
    title: Text
    description: Text
    form: Form
    rule: CountingRule
    options: tuple[Option, ...]

    @property
    def choices(self) -> tuple[Option, ...]:
        """What can be marked, in ballot order."""
        return self.options


Contest = Envelope | Question


def costs(contest: Contest) -> tuple[int, ...]:
    """The costs of what can be marked, in ballot order; options cost nothing."""
    return tuple(choice.cost if isinstance(choice, Project) else 0 for choice in contest.choices)


def contest_value(contest: Contest) -> dict[str, Value]:
    """The object of docs/formats.md section 2."""
    parameters: Value = thaw(contest.rule.parameters)  # type: ignore[assignment]
    shared: dict[str, Value] = {
        "kind": contest.kind,
        "id": contest.id,
        "title": contest.title.to_value(),
        "description": contest.description.to_value(),
        "form": form_value(contest.form),
        "rule": {"name": contest.rule.name, "parameters": parameters},
    }
    if isinstance(contest, Question):
        options: Value = [
            {"id": option.id, "title": option.title.to_value()} for option in contest.options
        ]
        return {**shared, "options": options}
    return {
        **shared,
        "budget": contest.budget,
        "tie_break": list(contest.tie_break),
        "projects": [_project_value(project) for project in contest.projects],
    }


def _project_value(project: Project) -> dict[str, Value]:
    picture = project.picture
    return {
        "id": project.id,
        "title": project.title.to_value(),
        "description": project.description.to_value(),
        "cost": project.cost,
        "category": list(project.category),
        "district": project.district,
        "picture": None
        if picture is None
        else {"path": picture.path, "sha256": _base64url(picture.sha256)},
        "invented": project.invented,
    }


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _digest(node: Node) -> bytes:
    before = len(node.faults)
    text = node.words(100)
    if not node.present or len(node.faults) > before:
        return b""
    try:
        data = urlsafe_b64decode(text + "=")
    except ValueError:
        data = b""
    if len(data) != 32 or _base64url(data) != text:
        node.fault(
            f"{shown(text)} is not a SHA-256 hash", "Write the 32 bytes in base64url, 43 characters"
        )
    return data


def _picture(node: Node) -> Picture | None:
    if node.value is None:
        return None
    fields = node.fields("path", "sha256")
    path = fields["path"].words(200)
    if path and not _PICTURE_PATH.fullmatch(path):
        fields["path"].fault(
            f"{shown(path)} is not a picture's path", "Write 'pictures/' and a plain file name"
        )
    return Picture(path=path, sha256=_digest(fields["sha256"]))


def _project(node: Node, languages: Sequence[str]) -> Project:
    fields = node.fields(
        "id", "title", "description", "cost", "category", "district", "picture", "invented"
    )
    return Project(
        id=read_project_id(fields["id"]),
        title=read_text(fields["title"], languages),
        description=read_text(fields["description"], languages, empty=True, lines=True),
        cost=fields["cost"].integer(0),
        category=_distinct(fields["category"], "categories"),
        district=fields["district"].words(empty=True),
        picture=_picture(fields["picture"]),
        invented=fields["invented"].flag(False),
    )


def _distinct(node: Node, what: str) -> tuple[str, ...]:
    found: list[str] = []
    for inner in node.items(0, 100, what):
        word = inner.words()
        if word and word in found:
            inner.fault(f"{shown(word)} stands twice", "Remove one")
        found.append(word)
    return tuple(found)


def _rule(node: Node) -> CountingRule:
    fields = node.fields("name", "parameters")
    parameters: dict[str, Value] = {}
    for key, inner in fields["parameters"].members("parameters").items():
        try:
            encode(inner.value)  # type: ignore[arg-type]
        except CanonicalError as error:
            inner.fault(str(error), "Write integers, texts, flags, lists and objects only")
        else:
            parameters[key] = inner.value  # type: ignore[assignment]
    return CountingRule.of(fields["name"].words(64), parameters)


def _tie_break(node: Node) -> tuple[str, ...]:
    criteria: list[str] = []
    before = len(node.faults)
    for inner in node.items(1, len(TIE_CRITERIA), "criteria"):
        word = inner.one_of(TIE_CRITERIA)
        if len(node.faults) == before and word in criteria:
            inner.fault(f"{word!r} stands twice", "Remove one")
        criteria.append(word)
    if not node.present or len(node.faults) > before:
        return tuple(criteria)
    if criteria[-1] not in ("order", "lot"):
        node.fault("a tie could remain", "End with 'order' or 'lot'")
    for position, word in enumerate(criteria[:-1]):
        if word in ("order", "lot"):
            node.fault(
                f"{word!r} decides every tie, so what follows it never applies",
                f"Move {word!r} to the end, and keep only one of 'order' and 'lot'",
                f"[{position}]",
            )
    return tuple(criteria)


def _unique_ids(node: Node, key: str, choices: Sequence[Project | Option]) -> None:
    first: dict[str, int] = {}
    for position, choice in enumerate(choices):
        if choice.id in first:
            node.fault(
                f"{shown(choice.id)} is the id of {key}[{first[choice.id]}] too",
                "Give each its own id",
                f"{key}[{position}].id",
            )
        first.setdefault(choice.id, position)


def read_contest(node: Node, languages: Sequence[str]) -> Contest | None:
    """An envelope or a question. None when it has a fault that hides what else could be read."""
    value = node.value
    if not isinstance(value, Mapping) or "kind" not in value:
        node.fields("kind")
        return None
    before = len(node.faults)
    kind = Node(value["kind"], f"{node.path}.kind", node.faults).one_of(("envelope", "question"))
    if len(node.faults) > before:
        return None
    return _envelope(node, languages) if kind == "envelope" else _question(node, languages)


def _envelope(node: Node, languages: Sequence[str]) -> Envelope | None:
    before = len(node.faults)
    fields = node.fields(
        "kind", "id", "title", "description", "budget", "form", "rule", "tie_break", "projects"
    )
    listed = fields["projects"].items(1, U16 - 1, "projects")
    projects = tuple(_project(inner, languages) for inner in listed)
    envelope = Envelope(
        id=read_identifier(fields["id"]),
        title=read_text(fields["title"], languages),
        description=read_text(fields["description"], languages, empty=True, lines=True),
        budget=fields["budget"].integer(1),
        form=read_form(fields["form"], languages),
        rule=_rule(fields["rule"]),
        tie_break=_tie_break(fields["tie_break"]),
        projects=projects,
    )
    if len(node.faults) > before:
        return None
    _unique_ids(node, "projects", projects)
    if sum(project.cost for project in projects) > LARGEST_INTEGER:
        node.fault("the costs add up to more than 2^53 - 1", "Use a smaller exponent", "projects")
    if isinstance(envelope.form, QuestionForm):
        fields["form"].fault("a question's form in an envelope", "Choose a form for projects")
    else:
        check_form(fields["form"], envelope.form, costs(envelope))
    return envelope if len(node.faults) == before else None


def _question(node: Node, languages: Sequence[str]) -> Question | None:
    before = len(node.faults)
    fields = node.fields("kind", "id", "title", "description", "form", "rule", "options")
    options: list[Option] = []
    for inner in fields["options"].items(1, MOST_OPTIONS, "options"):
        words = inner.fields("id", "title")
        title = read_text(words["title"], languages)
        options.append(Option(id=read_identifier(words["id"]), title=title))
    question = Question(
        id=read_identifier(fields["id"]),
        title=read_text(fields["title"], languages),
        description=read_text(fields["description"], languages, empty=True, lines=True),
        form=read_form(fields["form"], languages),
        rule=_rule(fields["rule"]),
        options=tuple(options),
    )
    if len(node.faults) > before:
        return None
    _unique_ids(node, "options", options)
    if not isinstance(question.form, QuestionForm):
        fields["form"].fault(
            f"form {question.form.type!r} in a question", 'Write {"type": "question"}'
        )
    return question if len(node.faults) == before else None
