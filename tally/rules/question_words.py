"""A question reads its rule back, in plain French and English."""

from tally.election import Election, Question
from tally.explain import explain_question, voice
from tally.profile import Profile
from tally.rules.question import count, read_parameters


def describe(question: Question, election: Election, language: str) -> list[str]:
    """When an option is adopted, sentence by sentence."""
    p, _ = read_parameters(question)
    say = voice(election, language)
    share = say.share(p.threshold)
    of = say.pick(
        *{
            "cast": (
                "des bulletins déposés, blancs et nuls compris",
                "of the ballots cast, blank and spoiled ones included",
            ),
            "expressed": (
                "des bulletins exprimés (ni blancs ni nuls)",
                "of the ballots expressed (neither blank nor spoiled)",
            ),
        }[p.of]
    )
    reach = say.pick(*(("plus de", "more than") if p.strict else ("au moins", "at least")))
    sentences = [
        say.pick(
            f"L’option qui a le plus de voix est adoptée si elle a {reach} {share} {of}.",
            f"The option with most votes is adopted if it has {reach} {share} {of}.",
        ),
        say.pick(
            "Si deux options sont à égalité en tête, rien n’est adopté.",
            "If two options are equal at the top, nothing is adopted.",
        ),
    ]
    if p.quorum:
        quorum = say.number(p.quorum)
        sentences.append(
            say.pick(f"Il faut au moins {quorum} bulletins.", f"Ballots needed: at least {quorum}.")
        )
    if len(p.adoptable) < len(question.options):
        titles = ", ".join(
            say.quote(option.title.in_language(language))
            for option in question.options
            if option.id in p.adoptable
        )
        sentences.append(
            say.pick(f"Ne peut être adopté que : {titles}.", f"Only this can be adopted: {titles}.")
        )
    return sentences


def example(question: Question, election: Election, language: str) -> list[str]:
    """A small invented count with the question's own rule."""
    p, _ = read_parameters(question)
    cast = max(100, 2 * p.quorum)
    blank = cast // 10
    expressed = cast - blank
    first = expressed * 6 // 10
    profile = Profile.of(
        {
            (): blank,
            ((question.options[0].id, 1),): first,
            ((question.options[-1].id, 1),): expressed - first,
        }
    )
    verdict = count(question, profile)
    base = profile.ballots if p.of == "cast" else profile.expressed
    say = voice(election, language)
    names = [say.quote(question.options[place].title.in_language(language)) for place in (0, -1)]
    numbers = [say.number(n) for n in (cast, first, expressed - first, blank)]
    return [
        say.pick(
            f"Exemple inventé : {numbers[0]} bulletins, dont {numbers[1]} pour {names[0]}, "
            f"{numbers[2]} pour {names[1]} et {numbers[3]} blancs.",
            f"Invented example: {numbers[0]} ballots, {numbers[1]} for {names[0]}, "
            f"{numbers[2]} for {names[1]} and {numbers[3]} blank.",
        ),
        explain_question(election, question, verdict, profile.ballots, base).in_language(language),
    ]
