"""What a chart shows, in words: for those who do not see it, and inside the SVG itself."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import Any

from audit.words import Words

Object = Mapping[str, Any]


def text_in(value: Mapping[str, str] | None, language: str, languages: Sequence[str]) -> str:
    """The words of a Text value in ``language``, or in the first of ``languages`` it has."""
    if not value:
        return ""
    return next((value[code] for code in (language, *languages) if code in value), "")


def alternative(figure: Object, words: Words, languages: Sequence[str]) -> str:
    """A few sentences that say what the chart of ``figure`` shows.

    ``languages`` are the election's, to fall back on where a text has no words in this one.
    """
    return {
        "votes": _votes,
        "filling": _filling,
        "grades": _grades,
        "loads": _loads,
        "choice": _choice,
        "comparison": _comparison,
        "payments": _payments,
        "question": _question,
        "turnout": _turnout,
    }[figure["figure"]](figure, words, languages)


def verdict(figure: Object, words: Words, languages: Sequence[str]) -> str:
    """What a question's figure says was adopted."""
    for option in figure["options"]:
        if option["id"] == figure["adopted"]:
            title = text_in(option["title"], words.language, languages)
            return words.say("fact.adopted", option=title)
    return words.say("fact.not_adopted")


def _votes(figure: Object, words: Words, languages: Sequence[str]) -> str:
    told = [
        words.say(
            "alt.votes",
            contest=text_in(figure["title"], words.language, languages),
            count=len(figure["projects"]),
            winners=figure["winners"],
        )
    ]
    told += [
        words.say(
            "alt.project",
            position=project["position"],
            title=text_in(project["title"], words.language, languages),
            number=words.rational(project[figure["measure"]]),
            measure=words.say(f"head.{figure.get('unit', figure['measure'])}").lower(),
            fate=words.say("fate.won" if project["won"] else "fate.lost"),
        )
        for project in figure["projects"][:3]
    ]
    return " ".join(told)


def _filling(figure: Object, words: Words, languages: Sequence[str]) -> str:
    told = words.say(
        "alt.filling",
        contest=text_in(figure["title"], words.language, languages),
        budget=words.money(figure["budget"]),
        spent=words.money(figure["spent"]),
        left=words.money(figure["left"]),
        count=len(figure["steps"]),
    )
    paying = [step for step in figure["steps"] if step["paid"] or step["added"]]
    if not paying:
        return told
    title = text_in(paying[-1]["title"], words.language, languages)
    left = words.money(paying[-1]["left_after"])
    return f"{told} " + words.say("alt.last_funded", title=title, left=left)


def _grades(figure: Object, words: Words, languages: Sequence[str]) -> str:
    told = [
        words.say(
            "alt.grades",
            contest=text_in(figure["title"], words.language, languages),
            count=len(figure["projects"]),
            grades=len(figure["labels"]),
        )
    ]
    told += [
        words.say(
            "alt.graded",
            position=project["position"],
            title=text_in(project["title"], words.language, languages),
            grade=text_in(figure["labels"][project["median"]], words.language, languages),
            ballots=project["at_least"][project["median"]],
            expressed=figure["expressed"],
        )
        for project in figure["projects"][:3]
        if project["median"] is not None
    ]
    return " ".join(told)


def _payments(figure: Object, words: Words, languages: Sequence[str]) -> str:
    told = [
        words.say(
            "alt.payments",
            contest=text_in(figure["title"], words.language, languages),
            count=len(figure["bought"]),
            lacking=len(figure["lacking"]),
        )
    ]
    told += [
        words.say(
            "alt.paid",
            title=text_in(project["title"], words.language, languages),
            cost=words.money(project["cost"]),
            payers=project["payers"],
            votes=project["votes"],
            full=project["in_full"],
            price=words.money(ceil(Fraction(project["price"]))),
        )
        for project in figure["bought"][:3]
    ]
    return " ".join(told)


def _loads(figure: Object, words: Words, languages: Sequence[str]) -> str:
    projects = figure["projects"]
    told = [
        words.say(
            "alt.loads",
            contest=text_in(figure["title"], words.language, languages),
            count=len(projects),
            winners=sum(project["won"] for project in projects),
        )
    ]
    told += [
        words.say(
            "alt.load",
            title=text_in(project["title"], words.language, languages),
            load=words.small_money(Fraction(project["load"])),
            votes=project["votes"],
            fate=words.say("fate.won" if project["won"] else "fate.lost"),
        )
        for project in projects[:3]
    ]
    return " ".join(told)


def _choice(figure: Object, words: Words, languages: Sequence[str]) -> str:
    projects = figure["projects"]
    told = words.say(
        f"alt.choice.{figure['measure']}",
        contest=text_in(figure["title"], words.language, languages),
        count=len(projects),
        winners=sum(project["won"] for project in projects),
        total=figure["total"],
    )
    best = [
        f"{text_in(project['title'], words.language, languages)}, "
        + words.say("fate.won" if project["won"] else "fate.lost")
        for project in projects[:3]
    ]
    return f"{told} " + words.say("alt.choice.best", projects="; ".join(best)) if best else told


def _comparison(figure: Object, words: Words, languages: Sequence[str]) -> str:
    compared, expressed = figure["compared"], figure["expressed"]
    told = [
        words.say(
            "alt.comparison",
            contest=text_in(figure["title"], words.language, languages),
            count=len(compared),
            differing=len(figure["differing"]),
        )
    ]
    told += [
        words.say(
            "alt.compared",
            title=text_in(each["title"], words.language, languages),
            winners=len(each["winners"]),
            spent=words.money(each["spent"]),
            satisfied=words.percent(Fraction(each["satisfied"], expressed or 1)),
        )
        for each in compared[:3]
    ]
    return " ".join(told)


def _question(figure: Object, words: Words, languages: Sequence[str]) -> str:
    options = (
        f"{text_in(row['title'], words.language, languages)} {words.number(row['votes'])}"
        for row in figure["options"]
    )
    return words.say(
        "alt.question",
        contest=text_in(figure["title"], words.language, languages),
        verdict=verdict(figure, words, languages),
        options=", ".join(options),
    )


def _turnout(figure: Object, words: Words, _: Sequence[str]) -> str:
    total = figure["total"]
    return words.say(
        "alt.turnout",
        counted=total["counted"],
        roll=total["roll"],
        blank=total["blank"],
        spoiled=sum(total["spoiled"].values()),
    )
