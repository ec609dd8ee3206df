"""A published result told in one language: what the pages of results show, ready to be written.

Numbers, sentences and words are those of the publication and its charts (``audit``); here they are
only put together. Widths of bars are whole thousandths, for pictures alone.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from markupsafe import Markup

from audit.alt import alternative, text_in
from audit.chart_table import OF_RULES, ChartTable, chart_tables
from audit.explanations import tie_of
from audit.publication import CHARTS, chart_name
from audit.step_words import step_words
from audit.words import LANGUAGES, Words
from tally.comparison import Comparison
from tally.election import Contest, Envelope, Project
from tally.explain import tie_sentence, voice
from tally.form import Grades
from tally.mark import REASONS
from tally.outcome import EXCLUDE, PASS, PAYING, STOP
from tally.rules import describe
from web.published import Object, Published
from web.told import (
    Chart,
    ComparedTold,
    GradeTold,
    OptionTold,
    Row,
    StepTold,
    TieTold,
    VariantTold,
)

WHOLE: Final = 1000
"""The width of a whole bar."""
LOSING: Final = (PASS, EXCLUDE, STOP)
SHADES: Final = 6
NEIGHBOURS: Final = 2
"""So many projects are shown before and after one in the order of the rule."""


def thousandths(part: int | Fraction, whole: int | Fraction) -> int:
    """``part`` of ``whole`` as a bar's width, between 0 and WHOLE."""
    if whole <= 0:
        return 0
    share = Fraction(part) / Fraction(whole)
    return max(0, min(WHOLE, (share * WHOLE).__floor__()))


class Telling:
    """``published`` in ``language``; words that a language lacks are told in English."""

    def __init__(self, published: Published, language: str) -> None:
        self.published = published
        self.election = published.manifest.election
        self.language = language if language in LANGUAGES else "en"
        self.words = Words.of(self.election, self.language)
        self.page_language = language

    # -- words ----------------------------------------------------------------------------------

    def own(self, value: Mapping[str, str]) -> Markup:
        """Somebody's words, kept apart from ours: their language, their direction of writing."""
        text = text_in(value, self.page_language, self.election.languages)
        lang = self.lang(value)
        if lang is None:
            return Markup("<bdi>{}</bdi>").format(text)
        return Markup('<bdi lang="{}">{}</bdi>').format(lang, text)

    def plain(self, value: Mapping[str, str] | None) -> str:
        """The same without markup."""
        return text_in(value, self.page_language, self.election.languages)

    def lang(self, value: Mapping[str, str]) -> str | None:
        """The language of somebody's words where it is not the page's."""
        for code in (self.page_language, *self.election.languages):
            if code in value:
                return None if code == self.page_language else code
        return next(iter(value), None)

    def told(self, value: Mapping[str, str]) -> str:
        """The words of an explanation."""
        return text_in(value, self.language, ("en",))

    def money(self, amount: int) -> str:
        """An amount of minor units."""
        return self.words.money(amount)

    def number(self, number: int) -> str:
        """A whole number with groups."""
        return self.words.number(number)

    def percent(self, share: str | Fraction | None) -> str:
        """A rational share to a tenth of a percent."""
        return "–" if share is None else self.words.percent(Fraction(share))

    def several(self, count: int, one: str, other: str) -> str:
        """A number and the word for one or for several of something."""
        return voice(self.election, self.language).several(count, one, other)

    def amount(self, contest: Envelope, score: int) -> str:
        """So much of what the rule ranks by."""
        if self.votes_figure(contest)["measure"] == "votes":
            return self.words.count("page.votes", score)
        return self.words.say("page.score", count=score)

    def width(self, part: int, whole: int) -> int:
        """A bar's width."""
        return thousandths(part, whole)

    def reason(self, code: str) -> str:
        """A reason code in a few words."""
        return self.words.known("reason", code)

    # -- contests -------------------------------------------------------------------------------

    def contest(self, contest: Contest) -> Object:
        """The part of the results about a contest."""
        return self.published.result(contest.id)

    def summary(self, contest: Contest) -> str:
        """The outcome of a contest in one or two sentences."""
        return self.told(self.published.explained[contest.id]["summary"])

    def rule(self, contest: Contest) -> Sequence[str]:
        """How the contest is decided."""
        return describe(contest, self.election, self.language)

    def votes_figure(self, contest: Envelope) -> Object:
        """The figure of an envelope's projects."""
        return self.published.figures[f"figures/votes-{contest.id}.json"]

    def _measured(self, figure: Object, row: Object) -> str:
        if figure["measure"] == "votes":
            return self.words.count("page.votes", row["votes"])
        unit = figure.get("unit", "score")
        return self.words.say(f"page.{unit}", count=self.words.rational(row["score"]))

    def _grades(self, contest: Envelope, result: Object, row: Object) -> tuple[GradeTold, ...]:
        """A project's ballots by grade, from the step that decided it."""
        if not isinstance(contest.form, Grades) or row["step"] is None:
            return ()
        detail = result["steps"][row["step"] - 1]["detail"]
        counts = detail.get("grades", ())
        ballots = sum(counts)
        told, before = [], 0
        for grade, count in enumerate(counts):
            begin, before = before, before + count
            told.append(
                GradeTold(
                    label=contest.form.labels[grade].to_value(),
                    share=self.percent(Fraction(count, ballots) if ballots else None),
                    begin=thousandths(begin, ballots),
                    width=thousandths(before, ballots) - thousandths(begin, ballots),
                    shade=grade * SHADES // max(1, len(counts) - 1),
                    majority=grade == detail["grade"],
                )
            )
        return tuple(told)

    def _fate(self, project: Project, row: Object) -> str:
        if not row["won"]:
            return self.words.say("result.lost")
        if row["funded"] != project.cost:
            return self.words.say("result.part", funded=self.money(row["funded"]))
        return self.words.say("result.won")

    def rows(self, contest: Envelope) -> list[Row]:
        """The projects of an envelope in the order of its rule."""
        result, figure = self.contest(contest), self.votes_figure(contest)
        explained = self.published.explained[contest.id]["projects"]
        measure = figure["measure"]
        most = max((Fraction(str(row[measure])) for row in result["projects"]), default=Fraction(0))
        graded = {row["id"]: self._grades(contest, result, row) for row in result["projects"]}
        rows = [
            Row(
                number=number,
                project=project,
                row=row,
                position=row["position"],
                won=row["won"],
                measured=next(
                    (self.plain(each.label) for each in graded[project.id] if each.majority),
                    self._measured(figure, row),
                ),
                bar=thousandths(Fraction(str(row[measure])), most),
                grades=graded[project.id],
                fate=self._fate(project, row),
                reason=self.words.known("reason", row["reason"]),
                sentences=self.told(explained[project.id]),
            )
            for number, (project, row) in enumerate(
                zip(contest.projects, result["projects"], strict=True), start=1
            )
        ]
        return sorted(rows, key=lambda row: row.position)

    def winners(self, contest: Envelope) -> list[Row]:
        """The funded projects in the order of selection."""
        rows = {row.project.id: row for row in self.rows(contest)}
        return [rows[key] for key in self.contest(contest)["winners"]]

    def around(self, contest: Envelope, number: int) -> list[Row]:
        """A project and its neighbours in the order of the rule."""
        rows = self.rows(contest)
        at = next(index for index, row in enumerate(rows) if row.number == number)
        return rows[max(0, at - NEIGHBOURS) : at + NEIGHBOURS + 1]

    def steps(self, contest: Envelope) -> list[StepTold]:
        """How the envelope fills, step by step."""
        figure = self.published.figures[f"figures/filling-{contest.id}.json"]
        numbers = {project.id: at for at, project in enumerate(contest.projects, start=1)}
        budget = figure["budget"]
        told = []
        for step in figure["steps"]:
            title, words = step_words(figure, step, self.words, self.plain)
            used = budget - step["left_before"]
            paying = step["action"] in PAYING
            cost = step["cost"]
            told.append(
                StepTold(
                    number=step["step"],
                    project=numbers.get(step["project"]),
                    title=title,
                    lang=self.lang(step["title"]) if step["title"] else None,
                    told=words,
                    fate=self._step_fate(step["action"]),
                    paying=paying,
                    left=self.money(step["left_after"]),
                    used=thousandths(used, budget),
                    taken=thousandths(used + step["paid"], budget) - thousandths(used, budget),
                    wanted=0
                    if paying or not cost
                    else thousandths(used + cost, budget) - thousandths(used, budget),
                )
            )
        return told

    def _step_fate(self, action: str) -> str | None:
        """What a step decided about its project; None where it is looked at again, or is none."""
        if action in PAYING:
            return self.words.say("fate.won")
        return self.words.say("fate.lost") if action in LOSING else None

    def unseen(self, contest: Envelope) -> list[Object]:
        """The projects that no step looked at."""
        rows: list[Object] = list(
            self.published.figures[f"figures/filling-{contest.id}.json"]["unseen"]
        )
        return rows

    def ties(self, contest: Envelope, project: str | None = None) -> list[TieTold]:
        """The ties of an envelope (of one project, if given), those that mattered first."""
        say = voice(self.election, self.language)
        titles = {each.id: each.title.in_language(self.language) for each in contest.projects}
        told = [
            TieTold(
                words=tie_sentence(tie_of(tie), titles.__getitem__, say),
                decisive=tie["decisive"],
                lot=tie["criterion"] == "lot",
            )
            for tie in self.contest(contest)["ties"]
            if project is None or project in tie["projects"]
        ]
        return sorted(told, key=lambda tie: not tie.decisive)

    def options(self, contest: Contest) -> list[OptionTold]:
        """The answers of a question in ballot order."""
        figure = self.published.figures[f"figures/question-{contest.id}.json"]
        return [
            OptionTold(
                title=row["title"],
                votes=self.words.count("page.votes", row["votes"]),
                share=self.percent(row["share"]),
                bar=thousandths(row["votes"], figure["base"]),
                won=row["won"],
            )
            for row in figure["options"]
        ]

    def compared(self, contest: Envelope, comparison: Comparison) -> ComparedTold:
        """The same ballots under other rules."""
        titles = {each.id: each.title.to_value() for each in contest.projects}
        funded = {project for each in comparison.compared for project in each.winners}
        return ComparedTold(
            variants=[
                VariantTold(
                    title=each.variant.title.in_language(self.language),
                    is_result=each.own,
                    winners=self.number(len(each.winners)),
                    spent=self.money(each.spent),
                    bar=thousandths(each.spent, contest.budget),
                    satisfied=self.percent(
                        Fraction(each.satisfied, comparison.expressed)
                        if comparison.expressed
                        else None
                    ),
                    added=[self.own(titles[project]) for project in each.gained],
                    missing=[self.own(titles[project]) for project in each.lost],
                )
                for each in comparison.compared
            ],
            rows=[
                (row, [row.project.id in each.winners for each in comparison.compared])
                for row in self.rows(contest)
                if row.project.id in funded
            ],
            categories=self._shares([each.by_category for each in comparison.compared]),
            districts=self._shares([each.by_district for each in comparison.compared]),
        )

    def _shares(self, shares: Sequence[Mapping[str, Fraction]]) -> list[tuple[str, list[str]]]:
        """The share of the envelope that each rule gives to each, those it gives most first."""
        first = shares[0] if shares else {}
        names = sorted(first, key=lambda name: (-first[name], name))
        return [(name, [self.percent(each[name]) for each in shares]) for name in names]

    # -- turnout and charts ---------------------------------------------------------------------

    @property
    def turnout(self) -> Object:
        """The figure of turnout."""
        return self.published.figures["figures/turnout.json"]

    def spoiled(self, reason: str) -> str:
        """Why a ballot is spoiled."""
        words = REASONS.get(reason)
        return reason if words is None else words.in_language(self.language)

    def chart(self, figure_path: str) -> Chart | None:
        """The published chart of a figure, in this language or in another that there is."""
        drawn: Mapping[str, Any] = self.published.drawn
        for language in (self.language, *self.election.languages, *LANGUAGES):
            path = f"{CHARTS}{chart_name(figure_path, language)}"
            if f"{path}.svg" in drawn:
                figure = self.published.figures[figure_path]
                return Chart(
                    address=f"/publication/{path}",
                    alternative=alternative(figure, self.words, self.election.languages),
                    figure=f"/publication/{figure_path}",
                    png=f"{path}.png" in drawn,
                )
        return None

    def of_rule(self, contest: Envelope) -> list[tuple[str, str]]:
        """The figures that the rule of an envelope has of its own: kind and path."""
        paths = ((kind, f"figures/{kind}-{contest.id}.json") for kind in OF_RULES)
        return [(kind, path) for kind, path in paths if path in self.published.figures]

    def tables(self, figure_path: str) -> tuple[ChartTable, ...]:
        """The numbers of a figure in tables."""
        figure = self.published.figures[figure_path]
        return chart_tables(figure, self.words, self.election.languages)
