"""The words of the letters that carry voting codes."""

from ballot.letterpage import LetterTexts
from tally.election import Election
from web.clock import local_time, told_time


def letter_texts(election: Election, website: str, help_text: str) -> LetterTexts:
    """What the letters of this election say, in all its languages."""
    period = {
        language: " – ".join(
            told_time(local_time(time, election.time_zone), language)
            for time in (election.opens, election.closes)
        )
        for language in election.languages
    }
    return LetterTexts(
        languages=election.languages,
        title=election.title.to_value(),
        organiser=election.organiser.to_value(),
        styles={style.id: style.title.to_value() for style in election.styles},
        website=website,
        help=dict.fromkeys(election.languages, help_text),
        period=period,
    )
