"""The words of reason codes, tie criteria and verdicts, each in French and English.

One table each; a rule that brings new codes adds them here. The places in braces are filled from
the standing and its step, with amounts already written out (``tally.explain``).
"""

from collections.abc import Mapping
from typing import Final

SHARES_ALIKE: Final[tuple[str, str]] = (
    "Financé par ses soutiens, {payers} sur {votes}, à {price} {each}.",
    "Funded by its supporters, {payers} of {votes}, at {price} {each}.",
)
"""``shares`` where all who pay can give what is asked."""

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "fits": (
        "Financé : il coûte {cost} et il restait {left}.",
        "Funded: it costs {cost} and {left} was left.",
    ),
    "best-of-group": (
        (
            "Financé en premier, parmi les mieux placés de {group} : il coûte {cost} et il restait "
            "{left}."
        ),
        (
            "Funded ahead of the others, among the best of {group}: it costs {cost} and {left} was "
            "left."
        ),
    ),
    "group-share": (
        "Financé sur la part de {group} : il coûte {cost} et il restait {left} dans l’enveloppe.",
        "Funded from the share of {group}: it costs {cost} and {left} was left in the envelope.",
    ),
    "topped-up": (
        (
            "Financé : il coûte {cost} et il ne restait que {left}, mais cela en couvre la part "
            "exigée. Les {added} qui manquent viennent d’ailleurs et le dépouillement s’arrête là."
        ),
        (
            "Funded: it costs {cost} and only {left} was left, but that covers the required share "
            "of it. The missing {added} comes from elsewhere and the count ends there."
        ),
    ),
    "part-funded": (
        (
            "Financé en partie : il coûte {cost} et reçoit les {left} qui restaient ; le "
            "dépouillement s’arrête là."
        ),
        "Funded in part: it costs {cost} and gets the {left} that was left; the count ends there.",
    ),
    "shares": (
        (
            "Financé par ses soutiens, {payers} sur {votes}, à {price} {each} au plus : {in_full} "
            "en entier, les autres avec tout ce qui leur restait. Ensemble, c’est autant que "
            "{effective} en entier."
        ),
        (
            "Funded by its supporters, {payers} of {votes}, at most {price} {each}: {in_full} in "
            "full, the others with all they had left. Together that is as much as {effective} in "
            "full."
        ),
    ),
    "unaffordable": (
        "Perdu : il coûte {cost}, et il restait à ses soutiens {money} en tout.",
        "Lost: it costs {cost}, and its supporters had {money} left together.",
    ),
    "in-optimum": (
        (
            "Financé : il fait partie du meilleur choix possible, qui réunit {total} ; sans lui, "
            "le meilleur en aurait {fewer} de moins."
        ),
        (
            "Funded: it is part of the best possible choice, with {total} together; the best "
            "without it would have {fewer} fewer."
        ),
    ),
    "preferred-optimum": (
        (
            "Financé : il fait partie du meilleur choix possible, qui réunit {total} ; un autre "
            "choix, sans lui, en réunirait autant, et le départage l’a mis derrière."
        ),
        (
            "Funded: it is part of the best possible choice, with {total} together; another "
            "choice, without it, would have as many, and the order of projects put that behind."
        ),
    ),
    "not-in-optimum": (
        (
            "Perdu : les projets retenus réunissent {total} ; avec lui, le meilleur choix possible "
            "en aurait {fewer} de moins."
        ),
        (
            "Lost: the chosen projects together have {total}; with it, the best possible choice "
            "would have had {fewer} fewer."
        ),
    ),
    "other-optimum": (
        (
            "Perdu : les projets retenus réunissent {total} ; un choix avec lui en réunirait "
            "autant, et le départage l’a mis derrière."
        ),
        (
            "Lost: the chosen projects together have {total}; a choice with it would have had as "
            "many, and the order of projects put that behind."
        ),
    ),
    "does-not-fit": (
        "Perdu : il restait {left}, il coûte {cost}.",
        "Lost: {left} was left, it costs {cost}.",
    ),
    "stopped": (
        (
            "Perdu : il restait {left}, il coûte {cost}. Le dépouillement s’arrête au premier "
            "projet qui ne tient pas dans l’enveloppe : c’est celui-ci."
        ),
        (
            "Lost: {left} was left, it costs {cost}. The count ends at the first project that does "
            "not fit: this one."
        ),
    ),
    "sub-budget": (
        "Perdu : il restait {group_left} pour {group}, il coûte {cost}.",
        "Lost: {group_left} was left for {group}, it costs {cost}.",
    ),
    "group-closed": (
        "Perdu : un projet mieux placé ne tenait pas dans le budget de {group}, qui s’arrête là.",
        "Lost: a better placed project did not fit into the budget of {group}, which ends there.",
    ),
    "group-budget": (
        "Perdu : il restait {group_left} sur la part de {group}, il coûte {cost}.",
        "Lost: {group_left} was left of the share of {group}, it costs {cost}.",
    ),
    "group-ended": (
        "Perdu : un projet mieux placé ne tenait pas dans la part de {group}, qui s’arrête là.",
        "Lost: a better placed project did not fit into the share of {group}, which ends there.",
    ),
    "not-among-first": (
        "Perdu : {group} a déjà ses {count} projets.",
        "Lost: {group} already has its {count} projects.",
    ),
    "exclusive": (
        "Perdu : il ne peut pas être réalisé avec {other}, qui est financé.",
        "Lost: it cannot be carried out together with {other}, which is funded.",
    ),
    "enough-winners": (
        "Perdu : {count} projets étaient déjà retenus, autant qu’il en faut.",
        "Lost: {count} projects had already won, as many as can.",
    ),
    "after-stop": (
        "Perdu : le dépouillement s’était arrêté à {other}, mieux placé.",
        "Lost: the count had ended at {other}, which was better placed.",
    ),
    "below-minimum-votes": (
        "Écarté : {votes}, il en fallait au moins {needed}.",
        "Not considered: {votes}, at least {needed} were needed.",
    ),
    "below-minimum-score": (
        "Écarté : {score}, il en fallait au moins {needed}.",
        "Not considered: {score}, at least {needed} were needed.",
    ),
    "below-votes-share": (
        (
            "Écarté : {votes}, il en fallait au moins {needed} pour atteindre la part exigée "
            "des bulletins."
        ),
        (
            "Not considered: {votes}, at least {needed} were needed to reach the required "
            "share of the ballots."
        ),
    ),
    "below-score-share": (
        "Écarté : {score}, il en fallait au moins {needed} pour ce nombre de bulletins.",
        "Not considered: {score}, at least {needed} were needed for so many ballots.",
    ),
    "below-votes-per-cost": (
        "Écarté : {votes}, il en fallait au moins {needed} pour un coût de {cost}.",
        "Not considered: {votes}, at least {needed} were needed for a cost of {cost}.",
    ),
    "below-minimum-grade": (
        "Écarté : sa mention majoritaire est {grade}, il fallait au moins {needed_grade}.",
        "Not considered: its majority grade is {grade}, at least {needed_grade} was needed.",
    ),
    "above-cost-cap": (
        "Écarté : il coûte {cost}, le plafond est de {needed_money}.",
        "Not considered: it costs {cost}, the cap is {needed_money}.",
    ),
}

CRITERIA: Final[Mapping[str, tuple[str, str]]] = {
    "votes": ("le plus grand nombre de voix", "more votes"),
    "score": ("le meilleur score", "higher score"),
    "cost": ("le coût le plus bas", "lower cost"),
    "expensive": ("le coût le plus élevé", "higher cost"),
    "order": ("l’ordre de la liste", "the order of the list"),
    "lot": ("le tirage au sort public", "the public lot"),
    "total": (
        "l’ordre des scores, plusieurs choix réunissant le même total",
        "the order of scores, as several choices have the same total",
    ),
}

VERDICTS: Final[Mapping[str, tuple[str, str]]] = {
    "adopted": (
        "Adopté : {best}, {votes} ; il en fallait {needed} sur {base}.",
        "Adopted: {best}, {votes}; {needed} of {base} were needed.",
    ),
    "tie": (
        "Rien n’est adopté : {best} sont à égalité avec {votes}.",
        "Nothing is adopted: {best} are equal with {votes} each.",
    ),
    "below-threshold": (
        "Rien n’est adopté : {best} a {votes} ; il en fallait {needed} sur {base}.",
        "Nothing is adopted: {best}, {votes}; {needed} of {base} were needed.",
    ),
    "below-quorum": (
        "Rien n’est adopté : {ballots}, le quorum est de {quorum}.",
        "Nothing is adopted: {ballots}, the quorum is {quorum}.",
    ),
    "not-adoptable": (
        "Rien n’est adopté : {best}, {votes}, l’emporte.",
        "Nothing is adopted: {best} has the most {votes}.",
    ),
    "no-votes": ("Rien n’est adopté : aucune voix.", "Nothing is adopted: there are no votes."),
}

FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "district": ("quartier", "district"),
    "category": ("catégorie", "category"),
}

ON_MISFIT: Final[Mapping[str, tuple[str, str]]] = {
    "skip": (
        (
            "Si un projet coûte plus que ce qui reste, il est sauté et on essaie le suivant : un "
            "projet moins bien classé mais moins cher peut passer."
        ),
        (
            "If a project costs more than is left, it is skipped and the next one is tried: a "
            "cheaper project with a lower score may win."
        ),
    ),
    "stop": (
        (
            "Au premier projet qui coûte plus que ce qui reste, le dépouillement s’arrête ; le "
            "reste n’est pas dépensé."
        ),
        (
            "At the first project that costs more than is left the count ends; the rest is not "
            "spent."
        ),
    ),
    "top-up": (
        (
            "Au premier projet qui coûte plus que ce qui reste, le dépouillement s’arrête. Si le "
            "reste couvre au moins {share} de son coût, il est financé et le manque vient "
            "d’ailleurs."
        ),
        (
            "At the first project that costs more than is left the count ends. If the rest "
            "covers at least {share} of its cost it is funded, and what is missing comes from "
            "elsewhere."
        ),
    ),
    "part-fund": (
        (
            "Le premier projet qui coûte plus que ce qui reste reçoit ce reste, et le "
            "dépouillement s’arrête."
        ),
        "The first project that costs more than is left gets what is left, and the count ends.",
    ),
}
