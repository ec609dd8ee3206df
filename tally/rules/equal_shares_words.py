"""Equal Shares reads itself back, in plain French and English, with a small example."""

from dataclasses import replace
from typing import Final

from tally.election import CountingRule, Election, Envelope
from tally.explain import voice
from tally.form import ChooseOne, Points, Ranking, Scores
from tally.mark import Choice
from tally.money import Voice
from tally.outcome import Standing
from tally.phrases import CRITERIA
from tally.profile import Profile
from tally.rules.equal_shares import count
from tally.rules.equal_shares_parameters import STEPWISE, SharesParameters, read_parameters
from tally.rules.greedy_example import NAMES, read_out, small_envelope
from tally.rules.greedy_parameters import GreedyParameters
from tally.tiebreak import lot_keys

BALLOTS: Final = {"AB": 5, "A": 2, "B": 1, "C": 4, "BD": 1, "DE": 2, "E": 1}

UTILITIES: Final = {
    "cost": (
        "Ce que vaut un projet pour un bulletin qui le nomme est son coût.",
        "What a project is worth to a ballot that names it is its cost.",
    ),
    "cardinality": (
        "Chaque projet nommé vaut autant pour un bulletin.",
        "Every project that a ballot names is worth the same to it.",
    ),
    "points": (
        "Ce que vaut un projet pour un bulletin, ce sont les points qu’il lui donne.",
        "What a project is worth to a ballot are the points it gives it.",
    ),
    "ranks": (
        "Ce que vaut un projet pour un bulletin dépend du rang : un de moins à chaque place.",
        "What a project is worth to a ballot depends on its rank: one less at each place.",
    ),
}
FILLS: Final = {
    "none": (
        "Ce qui reste de l’enveloppe n’est pas dépensé.",
        "What is left of the envelope is not spent.",
    ),
    "greedy": (
        "Ce qui reste va aux projets suivants par nombre de voix, en sautant ce qui ne tient pas.",
        "What is left goes to the next projects by votes, skipping what does not fit.",
    ),
    "phragmen": (
        (
            "Ensuite chaque bulletin gagne de l’argent au même rythme, en plus de ce qui lui "
            "reste : le premier projet que ses soutiens peuvent payer est financé, s’il tient "
            "encore."
        ),
        (
            "Then every ballot earns money at the same pace, on top of what it has left: the first "
            "project that its supporters can pay for is funded, if it still fits."
        ),
    ),
}


def _raise(p: SharesParameters, say: Voice) -> str:
    if p.raises == "none":
        return say.pick(
            "Chaque bulletin reçoit la même part de l’enveloppe.",
            "Every ballot gets the same share of the envelope.",
        )
    if p.raises == "add-opt":
        return say.pick(
            "Chaque bulletin reçoit la même part de l’enveloppe. Ces parts augmentent ensuite "
            "toutes ensemble, sans palier, tant que les projets retenus ne coûtent pas plus que "
            "l’enveloppe : le dernier résultat qui y tient est le bon.",
            "Every ballot gets the same share of the envelope. Then all shares grow together, "
            "without steps, while the winners do not cost more than the envelope: the last outcome "
            "that fits stands.",
        )
    step = say.money(p.increment)
    end = (
        say.pick(
            "on s’arrête dès que plus rien de ce qui reste ne tient dans l’enveloppe, ou avant de "
            "la dépasser",
            "this ends as soon as nothing that is left fits into the envelope, or before it is "
            "exceeded",
        )
        if p.raises == "add1-exhaustive"
        else say.pick("on s’arrête juste avant de la dépasser", "this ends just before that")
    )
    return say.pick(
        "Chaque bulletin reçoit la même part de l’enveloppe, arrondie à un multiple de "
        f"{step}. On recompte avec {step} de plus par bulletin, encore et encore, tant que les "
        f"projets retenus ne coûtent pas plus que l’enveloppe : {end}.",
        f"Every ballot gets the same share of the envelope, rounded to a multiple of {step}. It is "
        f"counted again with {step} more a ballot, over and over, while the winners do not cost "
        f"more than the envelope: {end}.",
    )


def describe(envelope: Envelope, election: Election, language: str) -> list[str]:
    """What the rule will do, sentence by sentence. The parameters must be without fault."""
    p, _ = read_parameters(envelope)
    say = voice(election, language)
    criteria = say.pick(", puis ", ", then ").join(
        say.pick(*CRITERIA[name]) for name in envelope.tie_break
    )
    least = say.number(max(1, p.minimum_votes or 1))
    sentences = [
        _raise(p, say),
        say.pick(
            "Un projet est payé par les bulletins qui le nomment, à parts égales ; qui a moins "
            "donne tout ce qui lui reste.",
            "A project is paid by the ballots that name it, in equal parts; who has less gives "
            "all that is left.",
        ),
        say.pick(*UTILITIES[p.utility]),
        say.pick(
            "À chaque étape passe le projet que ses soutiens peuvent payer et qui leur revient le "
            f"moins cher pour ce qu’il vaut. À égalité : {criteria}.",
            "In each step the project comes that its supporters can pay for and that costs them "
            f"least for what it is worth. Equal ones by {criteria}.",
        ),
        say.pick(
            f"Un projet n’est retenu qu’avec au moins {least} voix.",
            f"A project can win only with at least {least} {'vote' if least == '1' else 'votes'}.",
        ),
    ]
    if p.maximum_cost_share is not None:
        cap = say.money(int(p.maximum_cost_share * envelope.budget))
        sentences.append(
            say.pick(
                f"Un projet qui coûte plus de {cap} est écarté.",
                f"A project that costs more than {cap} is excluded.",
            )
        )
    sentences.append(say.pick(*FILLS[p.fill]))
    if p.comparison:
        sentences.append(
            say.pick(
                "Si plus de bulletins ont davantage du résultat par nombre de voix, c’est lui qui "
                "vaut.",
                "If more ballots have more of the outcome by votes, that one stands instead.",
            )
        )
    return sentences


def example(envelope: Envelope, election: Election, language: str) -> list[str]:
    """A small invented count, line by line, made by the code that decides."""
    p, _ = read_parameters(envelope)
    say = voice(election, language)
    unit = 10**election.exponent
    like = GreedyParameters(on_misfit="skip", maximum_cost_share=p.maximum_cost_share)
    rule = envelope.rule
    greedy = CountingRule.of("greedy", {"on_misfit": "skip"})
    small = small_envelope(replace(envelope, rule=greedy), like, unit)
    parameters = dict(rule.parameters)
    if p.raises in STEPWISE:
        parameters["increment"] = 100 * unit
    if p.minimum_votes is not None:
        parameters["minimum_votes"] = 1
    small = replace(small, rule=CountingRule.of(rule.name, parameters))
    counts: dict[Choice, int] = {}
    for names, ballots in BALLOTS.items():
        choice = _choice(small, [name for name in names if name in NAMES])
        counts[choice] = counts.get(choice, 0) + ballots
    outcome = count(small, Profile.of(counts), lot_keys(b"", envelope.id))

    def supported(standing: Standing) -> str:
        return say.several(standing.votes, say.pick("voix", "vote"), say.pick("voix", "votes"))

    return read_out(election, small, outcome, like, sum(counts.values()), supported, say)


def _choice(envelope: Envelope, names: list[str]) -> Choice:
    """A ballot that names these projects, in the marks of the envelope's form."""
    form = envelope.form
    if isinstance(form, ChooseOne):
        names = names[:1]
    if isinstance(form, Ranking):
        return tuple((name, rank) for rank, name in enumerate(names[: form.maximum], start=1))
    if isinstance(form, Points):
        return tuple((name, min(form.cap, 1)) for name in names)
    if isinstance(form, Scores):
        return tuple((name, max(form.maximum, 1)) for name in names)
    return tuple((name, 1) for name in names)
