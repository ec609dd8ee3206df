"""The knapsack optimum reads itself back, in plain French and English, with a small example."""

from typing import Final

from tally.election import Election, Envelope
from tally.explain import voice
from tally.outcome import Standing
from tally.phrases import CRITERIA
from tally.rules.greedy_example import read_out, small_envelope
from tally.rules.knapsack_optimum import count_support
from tally.rules.knapsack_parameters import read_parameters
from tally.rules.score import Support, counts_votes, most_a_ballot_gives
from tally.tiebreak import lot_keys

VOTES: Final = (120, 100, 80, 60, 30)
"""With the costs of the example, the first three by votes are not the best choice."""


def describe(envelope: Envelope, election: Election, language: str) -> list[str]:
    """What the rule will do, sentence by sentence. The parameters must be without fault."""
    parameters, _ = read_parameters(envelope)
    say = voice(election, language)
    votes = counts_votes(envelope.form)
    french, english = ("voix", "votes") if votes else ("points", "points")
    criteria = say.pick(", puis ", ", then ").join(
        say.pick(*CRITERIA[name]) for name in envelope.tie_break
    )
    budget = say.money(envelope.budget)
    least = say.several(
        max(1, parameters.minimum_votes or 1),
        say.pick("voix", "vote"),
        say.pick("voix", "votes"),
    )
    sentences = [
        say.pick(f"L’enveloppe est de {budget}.", f"The envelope is {budget}."),
        say.pick(
            "De tous les ensembles de projets dont les coûts tiennent ensemble dans l’enveloppe, "
            f"on retient celui qui réunit le plus de {french}.",
            "Of all sets of projects whose costs together fit into the envelope, the one with "
            f"most {english} in total wins.",
        ),
        say.pick(
            f"Un projet qui a plus de {french} qu’un autre peut donc perdre, s’il prend la place "
            "de plusieurs.",
            f"So a project with more {english} than another may lose, if it takes the place of "
            "several.",
        ),
        say.pick(
            "Entre ensembles de même total, celui qui contient le projet le mieux placé parmi ceux "
            "qu’ils n’ont pas en commun.",
            "Of sets with the same total, the one that has the best placed of the projects they "
            "do not share.",
        ),
        say.pick(
            f"Les projets se suivent par nombre de {french} ; à égalité : {criteria}.",
            f"Projects stand in the order of their {english}; equal ones by {criteria}.",
        ),
        say.pick(
            f"Un projet n’est retenu qu’avec au moins {least}.",
            f"A project can win only with at least {least}.",
        ),
    ]
    if parameters.maximum_cost_share is not None:
        cap = say.money(int(parameters.maximum_cost_share * envelope.budget))
        sentences.append(
            say.pick(
                f"Un projet qui coûte plus de {cap} est écarté.",
                f"A project that costs more than {cap} is excluded.",
            )
        )
    return sentences


def example(envelope: Envelope, election: Election, language: str) -> list[str]:
    """A small invented count, line by line, made by the code that decides."""
    parameters, _ = read_parameters(envelope)
    say = voice(election, language)
    each = most_a_ballot_gives(envelope.form)
    small = small_envelope(envelope, parameters, 10**election.exponent)
    minimum = parameters.minimum_votes
    votes = VOTES if minimum is None else (*(n + minimum for n in VOTES[:-1]), minimum - 1)
    ballots = max(votes) + 80
    support = Support(
        votes=votes,
        score=tuple(number * each for number in votes),
        ballots=ballots,
        expressed=ballots,
    )
    outcome = count_support(small, support, lot_keys(b"", envelope.id))

    def supported(standing: Standing) -> str:
        if counts_votes(envelope.form):
            return say.several(standing.votes, say.pick("voix", "vote"), say.pick("voix", "votes"))
        return say.number(int(standing.score)) + " points"

    return read_out(election, small, outcome, parameters, ballots, supported, say)
