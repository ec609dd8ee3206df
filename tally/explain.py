"""Steps, margins and ties in plain French and English.

The words of every reason code stand in ``tally.phrases``.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from tally import grade_words
from tally.election import Election, Envelope, Question, Text
from tally.form import Grades, Points, Ranking, Scores
from tally.money import Voice
from tally.outcome import PAYING, STOP, Margin, Outcome, Standing, Step, Tie, Verdict
from tally.phrases import CRITERIA, REASONS, SHARES_ALIKE, VERDICTS

LANGUAGES: Final = ("fr", "en")
MOST_NAMED: Final = 5


def in_each_language(words: Callable[[str], str]) -> Text:
    """A text whose words are made for each language."""
    return Text.of({language: words(language) for language in LANGUAGES})


def voice(election: Election, language: str) -> Voice:
    """How this election's amounts are written in a language."""
    return Voice(language=language, currency=election.currency, exponent=election.exponent)


def _votes(votes: int, say: Voice) -> str:
    return say.several(votes, say.pick("voix", "vote"), say.pick("voix", "votes"))


def _units(envelope: Envelope, number: int, say: Voice) -> str:
    """A score, in the words of the form."""
    if isinstance(envelope.form, Points | Scores | Ranking):
        return say.several(number, "point", "points")
    return _votes(number, say)


def _score(envelope: Envelope, standing: Standing, say: Voice) -> str:
    if isinstance(envelope.form, Points | Scores | Ranking):
        return _units(envelope, int(standing.score), say)
    return _votes(standing.votes, say)


def _support(envelope: Envelope, standing: Standing, say: Voice) -> str:
    votes = _votes(standing.votes, say)
    if isinstance(envelope.form, Points | Scores | Ranking):
        votes = f"{_score(envelope, standing, say)} ({votes})"
    total, place = say.number(len(envelope.projects)), say.number(standing.position)
    return say.pick(f"{votes}, rang {place} sur {total}.", f"{votes}, place {place} of {total}.")


def reason(envelope: Envelope, standing: Standing, step: Step, say: Voice) -> str:
    """Why a project won or lost, in one sentence."""
    project = envelope.project(standing.project)
    detail = step.detail
    places = {
        "cost": say.money(project.cost),
        "left": say.money(step.left_before),
        "votes": _votes(standing.votes, say),
        "score": _score(envelope, standing, say),
    }
    for name in ("group_left", "added", "money"):
        amount = detail.get(name)
        if isinstance(amount, int):
            places[name] = say.money(amount)
    price = detail.get("price")
    if isinstance(price, str):
        # Rounded up to the smallest coin: nobody paid more.
        places["price"] = say.money(-(-Fraction(price).numerator // Fraction(price).denominator))
        by_mark = detail.get("by_mark") is True
        places["effective"] = say.about(
            project.cost / Fraction(price),
            *(
                ("point", "points")
                if by_mark
                else (say.pick("voix", "vote"), say.pick("voix", "votes"))
            ),
        )
        places["each"] = (
            say.pick("par point", "for each point") if by_mark else say.pick("chacun", "each")
        )
    for name in ("payers", "in_full"):
        number = detail.get(name)
        if isinstance(number, int):
            places[name] = say.number(number)
    for name in ("count", "needed"):
        number = detail.get(name)
        if isinstance(number, int):
            places[name] = say.number(number)
            places[f"{name}_money"] = say.money(number)
    total, contrary = detail.get("total"), detail.get("contrary")
    if isinstance(total, int):
        places["total"] = _units(envelope, total, say)
        if isinstance(contrary, int):
            places["fewer"] = _units(envelope, total - contrary, say)
    if isinstance(envelope.form, Grades):
        places["grade"] = grade_words.label(envelope, detail.get("grade"), say)
        if step.reason == "below-minimum-grade":
            places["needed_grade"] = grade_words.label(envelope, detail.get("needed"), say)
    other, group = detail.get("other"), detail.get("group")
    if isinstance(other, str):
        places["other"] = say.quote(envelope.project(other).title.in_language(say.language))
    if isinstance(group, str):
        places["group"] = say.quote(group)
    code = "stopped" if step.action == STOP else step.reason
    alike = code == "shares" and detail.get("payers") == detail.get("in_full")
    return say.pick(*(SHARES_ALIKE if alike else REASONS[code])).format_map(places)


def _winner_margin(margin: Margin, envelope: Envelope, say: Voice) -> str:
    if margin.dearer is not None:
        more = say.money(margin.dearer)
        if margin.dearer == 0:
            return say.pick(
                "Un peu plus cher, il perdait.", "Had it cost any more it would have lost."
            )
        return say.pick(
            f"Il l’emportait encore en coûtant {more} de plus.",
            f"It would still have won had it cost {more} more.",
        )
    if isinstance(envelope.form, Grades):
        return grade_words.to_spare(envelope, margin, say)
    french = say.language == "fr"
    scored = isinstance(envelope.form, Points | Scores | Ranking)
    unit = ("point", "points") if scored else (("voix", "voix") if french else ("vote", "votes"))
    if margin.safe is None:
        return say.pick(
            f"Il l’emportait même sans aucun{'e' * (not scored)} {unit[0]}.",
            f"It would have won without a single {unit[0]}.",
        )
    if envelope.rule.name == "phragmen" and margin.safe == 0:
        return say.pick(
            "Avec une voix de moins il pouvait perdre : cela dépend du bulletin.",
            "With one vote less it might have lost: that depends on the ballot.",
        )
    if envelope.rule.name == "phragmen":
        spare = say.several(margin.safe, *unit)
        return say.pick(
            f"Il l’emportait encore avec {spare} de moins, quels que soient les bulletins ; "
            "au-delà, cela dépend des bulletins.",
            f"It would still have won with {spare} less, on whichever ballots; beyond that it "
            "depends on the ballots.",
        )
    if margin.safe == 0:
        return say.pick(
            f"Avec {'un' if scored else 'une'} {unit[0]} de moins il perdait.",
            f"With one {unit[0]} less it would have lost.",
        )
    spare = say.several(margin.safe, *unit)
    return say.pick(
        f"Il pouvait perdre {spare} et l’emporter encore.",
        f"It could have lost {spare} and still won.",
    )


def _loser_margin(margin: Margin, envelope: Envelope, cost: int, say: Voice) -> list[str]:
    french = say.language == "fr"
    sentences = []
    if margin.votes is None:
        sentences.append(
            say.pick(
                "Aucun nombre de voix ne l’aurait fait gagner.",
                "No number of votes would have made it win.",
            )
        )
    elif isinstance(envelope.form, Grades):
        sentences.append(grade_words.added_ballots(envelope, margin.votes, say))
    else:
        ballots = (
            say.several(margin.votes, "bulletin", "bulletins")
            if french
            else say.several(margin.votes, "more ballot", "more ballots")
        )
        worth = say.several(margin.each, "point", "points")
        if french:
            each = f" (donnant chacun {worth})" if margin.each != 1 else ""
            sentences.append(f"Il l’emportait avec {ballots} de plus ne nommant que lui{each}.")
        else:
            each = f" (each giving it {worth})" if margin.each != 1 else ""
            sentences.append(f"With {ballots} naming it alone{each}, it would have won.")
    if margin.cheaper is not None:
        less, price = say.money(margin.cheaper), say.money(cost - margin.cheaper)
        sentences.append(
            say.pick(
                f"Il l’emportait aussi s’il avait coûté {less} de moins, soit {price}.",
                f"It would also have won had it cost {less} less, that is {price}.",
            )
            if margin.votes is not None
            else say.pick(
                f"Il l’emportait s’il avait coûté {less} de moins, soit {price}.",
                f"It would have won had it cost {less} less, that is {price}.",
            )
        )
    return sentences


def tie_sentence(tie: Tie, titles: Callable[[str], str], say: Voice) -> str:
    """That projects were equal, what told them apart and whether it mattered."""
    names = ", ".join(say.quote(titles(project)) for project in tie.order[:MOST_NAMED])
    if len(tie.order) > MOST_NAMED:
        more = say.number(len(tie.order) - MOST_NAMED)
        names += say.pick(f" et {more} autres", f" and {more} others")
    criterion = say.pick(*CRITERIA[tie.criterion])
    if say.language == "fr":
        effect = "change" if tie.decisive else "ne change pas"
        return (
            f"À égalité, classés ainsi : {names} ; départage : {criterion}. "
            f"Un autre ordre {effect} le résultat."
        )
    effect = "changes" if tie.decisive else "does not change"
    return (
        f"Equal, and put in this order: {names}; told apart by {criterion}. "
        f"Another order {effect} the outcome."
    )


def project_sentences(
    envelope: Envelope, outcome: Outcome, standing: Standing, say: Voice
) -> list[str]:
    """Everything there is to say about one project, in one language."""
    graded = isinstance(envelope.form, Grades)
    sentences = [
        grade_words.support(envelope, outcome, standing, say)
        if graded
        else _support(envelope, standing, say)
    ]
    step = outcome.deciding(standing)
    if step is not None:
        sentences.append(reason(envelope, standing, step, say))
    if graded and (ahead := grade_words.just_ahead(envelope, outcome, standing, say)) is not None:
        sentences.append(ahead)
    margin = standing.margin
    if margin is not None and margin.won:
        sentences.append(_winner_margin(margin, envelope, say))
    elif margin is not None:
        sentences += _loser_margin(margin, envelope, envelope.project(standing.project).cost, say)
    sentences += [
        tie_sentence(tie, lambda p: envelope.project(p).title.in_language(say.language), say)
        for tie in outcome.ties
        if standing.project in tie.projects
    ]
    return sentences


def explain_project(
    election: Election, envelope: Envelope, outcome: Outcome, standing: Standing
) -> Text:
    """Why a project won or lost and what it would have taken, in French and English."""
    return in_each_language(
        lambda language: " ".join(
            project_sentences(envelope, outcome, standing, voice(election, language))
        )
    )


def _comparison(outcome: Outcome, say: Voice) -> list[str]:
    """Which outcome stands where ballots were asked which of two they prefer."""
    detail = outcome.steps[0].detail if outcome.steps else {}
    shares, votes = detail.get("prefer_shares"), detail.get("prefer_votes")
    if not isinstance(shares, int) or not isinstance(votes, int):
        return []
    kept = votes > shares
    first, second = (votes, shares) if kept else (shares, votes)
    return [
        say.pick(
            f"C’est le résultat {'par nombre de voix' if kept else 'des parts égales'} qui vaut : "
            f"{say.number(first)} bulletins en tirent davantage, {say.number(second)} de l’autre.",
            f"The outcome {'by votes' if kept else 'of equal shares'} stands: "
            f"{say.number(first)} ballots have more of it, {say.number(second)} of the other.",
        )
    ]


def explain_envelope(election: Election, envelope: Envelope, outcome: Outcome) -> Text:
    """What was spent, what was left and what would still have fitted."""

    def words(language: str) -> str:
        say = voice(election, language)
        french = language == "fr"
        winners = sum(step.action in PAYING for step in outcome.steps)
        count = say.several(
            winners,
            "projet retenu" if french else "winner",
            "projets retenus" if french else "winners",
        )
        spent, budget, left = map(say.money, (outcome.spent, outcome.budget, outcome.left))
        sentences = [
            f"{count} : {spent} sur {budget}, il reste {left}."
            if french
            else f"{count}: {spent} of {budget}, {left} is left."
        ]
        if outcome.added:
            added = say.money(outcome.added)
            sentences.append(
                f"{added} viennent d’ailleurs." if french else f"{added} comes from elsewhere."
            )
        sentences += _comparison(outcome, say)
        fitting = [
            say.quote(project.title.in_language(language))
            for project, standing in zip(envelope.projects, outcome.standings, strict=True)
            if not standing.won and project.cost <= outcome.left
        ]
        if fitting:
            names = ", ".join(fitting[:MOST_NAMED]) + ", …" * (len(fitting) > MOST_NAMED)
            sentences.append(
                f"Tiendraient encore dans ce reste : {names}."
                if french
                else f"What is left would still pay for: {names}."
            )
        return " ".join(sentences)

    return in_each_language(words)


def explain_question(
    election: Election, question: Question, verdict: Verdict, ballots: int, base: int
) -> Text:
    """What was adopted and why, or why nothing was. ``base``: ballots the threshold refers to."""
    most = max(standing.votes for standing in verdict.standings)

    def words(language: str) -> str:
        say = voice(election, language)
        best = " / ".join(
            say.quote(option.title.in_language(language))
            for option, standing in zip(question.options, verdict.standings, strict=True)
            if standing.votes == most
        )
        return say.pick(*VERDICTS[verdict.reason]).format(
            best=best,
            votes=_votes(most, say),
            needed=say.number(verdict.needed),
            base=say.number(base),
            ballots=say.several(
                ballots, say.pick("bulletin", "ballot"), say.pick("bulletins", "ballots")
            ),
            quorum=say.number(verdict.quorum),
        )

    return in_each_language(words)
