"""Sequential Phragmén reads itself back, in plain French and English, with a small example."""

from typing import Final

from tally.election import Election, Envelope
from tally.explain import voice
from tally.form import ChooseOne
from tally.outcome import Standing
from tally.phrases import CRITERIA, ON_MISFIT
from tally.profile import Profile
from tally.rules.greedy_example import NAMES, read_out, small_envelope
from tally.rules.phragmen import count
from tally.rules.phragmen_parameters import read_parameters
from tally.tiebreak import lot_keys

BALLOTS: Final = {"AB": 5, "A": 2, "B": 1, "C": 4, "BD": 1, "DE": 2, "E": 1}


def describe(envelope: Envelope, election: Election, language: str) -> list[str]:
    """What the rule will do, sentence by sentence. The parameters must be without fault."""
    parameters, _ = read_parameters(envelope)
    say = voice(election, language)
    criteria = say.pick(", puis ", ", then ").join(
        say.pick(*CRITERIA[name]) for name in envelope.tie_break
    )
    least = say.number(max(1, parameters.minimum_votes or 1))
    sentences = [
        say.pick(
            "Le coût d’un projet retenu est porté par les bulletins qui le nomment, de sorte "
            "que chacun d’eux porte ensuite la même charge.",
            "The cost of a project that wins is carried by the ballots that name it, so that "
            "each of them then carries the same load.",
        ),
        say.pick(
            "À chaque étape passe le projet dont les bulletins porteraient alors la plus petite "
            f"charge. À égalité : {criteria}.",
            "In each step the project comes whose ballots would then carry the least load. "
            f"Equal ones by {criteria}.",
        ),
        say.pick(
            f"Un projet n’est retenu qu’avec au moins {least} voix.",
            f"A project can win only with at least {least} {'vote' if least == '1' else 'votes'}.",
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
    return [*sentences, say.pick(*ON_MISFIT[parameters.on_misfit])]


def example(envelope: Envelope, election: Election, language: str) -> list[str]:
    """A small invented count, line by line, made by the code that decides."""
    parameters, _ = read_parameters(envelope)
    say = voice(election, language)
    small = small_envelope(envelope, parameters, 10**election.exponent)
    alone = isinstance(envelope.form, ChooseOne)
    times = max(1, parameters.minimum_votes or 1)
    counts: dict[tuple[tuple[str, int], ...], int] = {}
    for names, ballots in BALLOTS.items():
        choice = tuple((name, 1) for name in (names[:1] if alone else names) if name in NAMES)
        counts[choice] = counts.get(choice, 0) + ballots * times
    outcome = count(small, Profile.of(counts), lot_keys(b"", envelope.id))

    def supported(standing: Standing) -> str:
        return say.several(standing.votes, say.pick("voix", "vote"), say.pick("voix", "votes"))

    return read_out(election, small, outcome, parameters, sum(counts.values()), supported, say)
