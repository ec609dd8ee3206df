"""The part of the page about one envelope or one question."""

from collections.abc import Mapping
from typing import Any, Final

from audit.chart_table import OF_RULES
from audit.explanations import tie_of
from audit.markup import Html, joined, tag
from audit.page_text import Reader
from tally.election import Contest, Envelope, Project, Question
from tally.explain import tie_sentence, voice
from tally.rules import describe

Object = Mapping[str, Any]
FEW: Final = 3
"""So many ties without effect are shown at once, more of them when asked for."""


def contest_section(reader: Reader, contest: Contest) -> Html:
    """A section of the page."""
    result = next(row for row in reader.results["contests"] if row["contest"] == contest.id)
    if isinstance(contest, Question):
        parts = _question(reader, contest, result)
    else:
        parts = _envelope(reader, contest, result)
    heading = f"c-{contest.id}"
    return tag(
        "section",
        tag("h2", reader.text(contest.title), id=heading),
        _description(reader, contest),
        tag("p", tag("strong", reader.told(reader.explained[contest.id].summary))),
        *parts,
        _ballots(reader, contest),
        aria_labelledby=heading,
    )


def _description(reader: Reader, contest: Contest) -> Html | None:
    if not contest.description.in_language(reader.words.language):
        return None
    return tag("p", reader.text(contest.description))


def _rule(reader: Reader, contest: Contest, heading: str) -> Html:
    sentences = describe(contest, reader.election, reader.words.language)
    return tag(
        "details",
        tag("summary", reader.words.say(heading)),
        tag("ul", *(tag("li", sentence) for sentence in sentences)),
    )


def _ballots(reader: Reader, contest: Contest) -> Html | None:
    path = f"pabulib/{contest.id}.pb"
    if path not in reader.files:
        return None
    told = reader.words.say("page.pabulib")
    return tag("p", told, " ", reader.link(path), class_="soft small")


def _envelope(reader: Reader, envelope: Envelope, result: Object) -> list[Html | None]:
    say = reader.words.say
    projects = {project.id: project for project in envelope.projects}
    rows = {row["id"]: row for row in result["projects"]}
    votes = reader.figures[f"figures/votes-{envelope.id}.json"]
    won = [_winner(reader, projects[key], rows[key], votes) for key in result["winners"]]
    winners = tag("ol", *won, class_="winners") if won else tag("p", say("page.no_winners"))
    ordered = sorted(result["projects"], key=lambda row: int(row["position"]))
    return [
        _rule(reader, envelope, "page.rule"),
        tag("h3", say("page.winners")),
        winners,
        reader.chart(f"figures/votes-{envelope.id}.json"),
        tag("h3", say("page.every")),
        reader.table(
            say("page.every.caption"),
            ["place#", "name", "cost#", f"{votes.get('unit', votes['measure'])}#", "result"],
            [_row(reader, envelope, projects[row["id"]], row, votes) for row in ordered],
        ),
        *_filling(reader, envelope),
        *_of_rule(reader, envelope),
        _ties(reader, {key: project.title for key, project in projects.items()}, result["ties"]),
    ]


def _filling(reader: Reader, envelope: Envelope) -> list[Html | None]:
    """How the envelope fills: the chart, and its steps in a table when asked for."""
    path = f"figures/filling-{envelope.id}.json"
    steps = tag(
        "details", tag("summary", reader.words.say("page.filling.table")), *reader.tables(path)
    )
    return [
        tag("h3", reader.words.say("page.filling")),
        reader.chart(path),
        steps if reader.figures[path]["steps"] else None,
    ]


def _of_rule(reader: Reader, envelope: Envelope) -> list[Html | None]:
    """The chart that the rule of an envelope has of its own, if it does, and its numbers."""
    found: list[Html | None] = []
    for kind in OF_RULES:
        path = f"figures/{kind}-{envelope.id}.json"
        if path in reader.figures:
            heading = tag("h3", reader.words.say(f"page.{kind}"))
            found += [heading, reader.chart(path), *reader.tables(path)]
    return found


def _measured(reader: Reader, row: Object, votes: Object) -> str:
    if votes["measure"] == "votes":
        return reader.words.count("page.votes", row["votes"])
    unit = votes.get("unit", "score")
    return reader.words.say(f"page.{unit}", count=reader.words.rational(row["score"]))


def _invented(reader: Reader, project: Project) -> Html | None:
    if not project.invented:
        return None
    return joined(" ", tag("span", reader.words.say("page.invented"), class_="tag"))


def _winner(reader: Reader, project: Project, row: Object, votes: Object) -> Html:
    name = joined(reader.text(project.title), _invented(reader, project))
    amount = reader.words.money(row["funded"])
    return tag(
        "li",
        tag("span", name, class_="name"),
        tag("span", tag("strong", amount), f" · {_measured(reader, row, votes)}", class_="sum"),
    )


def _row(reader: Reader, envelope: Envelope, project: Project, row: Object, votes: Object) -> Html:
    words = reader.words
    about = " · ".join(part for part in (project.district, ", ".join(project.category)) if part)
    if not row["won"]:
        fate = words.say("result.lost")
    elif row["funded"] != project.cost:
        fate = words.say("result.part", funded=words.money(row["funded"]))
    else:
        fate = words.say("result.won")
    name = tag(
        "th",
        reader.text(project.title),
        _invented(reader, project),
        tag("span", tag("bdi", about), class_="why") if about else None,
        tag("span", reader.told(reader.explained[envelope.id].projects[project.id]), class_="why"),
        scope="row",
    )
    measured = str(row["votes"]) if votes["measure"] == "votes" else row["score"]
    return tag(
        "tr",
        tag("td", words.number(row["position"]), class_="number"),
        name,
        tag("td", words.money(project.cost), class_="number"),
        tag("td", words.rational(measured), class_="number"),
        tag("td", fate, class_="fate"),
        class_="won" if row["won"] else None,
        id=f"c-{envelope.id}-{row['position']}",
    )


def _ties(reader: Reader, titles: Mapping[str, Any], ties: list[Object]) -> Html | None:
    """Every tie with what broke it: first those that mattered."""
    if not ties:
        return None
    say = voice(reader.election, reader.words.language)

    def sentence(tie: Object) -> Html:
        words = tie_sentence(tie_of(tie), lambda key: titles[key].in_language(say.language), say)
        return tag("li", words)

    decisive = [sentence(tie) for tie in ties if tie["decisive"]]
    idle = [sentence(tie) for tie in ties if not tie["decisive"]]
    heading = tag("h3", reader.words.say("page.ties"))
    if len(idle) <= FEW:
        return joined(heading, tag("ul", *decisive, *idle))
    more = reader.words.count("page.ties.more", len(idle))
    return joined(
        heading,
        tag("ul", *decisive) if decisive else None,
        tag("details", tag("summary", more), tag("ul", *idle)),
    )


def _question(reader: Reader, question: Question, result: Object) -> list[Html | None]:
    words = reader.words
    titles = {option.id: option.title for option in question.options}
    rows = [
        tag(
            "tr",
            tag("th", reader.text(titles[row["id"]]), scope="row"),
            tag("td", words.number(row["votes"]), class_="number"),
            tag("td", words.percent(reader.share(row["share"])), class_="number"),
            tag(
                "td",
                words.say("result.adopted" if row["won"] else "result.not_adopted"),
                class_="fate",
            ),
            class_="won" if row["won"] else None,
        )
        for row in result["options"]
    ]
    return [
        _rule(reader, question, "page.rule.question"),
        reader.chart(f"figures/question-{question.id}.json"),
        reader.table(
            words.say("page.answers.caption"), ["answer", "votes#", "share#", "result"], rows
        ),
    ]
