"""Warnings: what may be frozen but is seldom meant."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Final

from ballot.definition.draft import Draft
from ballot.definition.envelope_advice import advise_envelope, plain
from ballot.definition.finding import (
    PICTURES_FOLDER,
    PROJECTS_FILE,
    Place,
)
from ballot.definition.picture import tells_more
from ballot.definition.projects_file import ProjectsFile
from tally.election import Contest, Election, Envelope
from tally.money import format_number

OPENING_HOURS: Final = (time(7), time(22))
"""Local time: outside it nobody answers the telephone."""
SHORTEST: Final = timedelta(days=3)
LONGEST: Final = timedelta(days=92)
SAME_WORDS: Final = 24
"""Characters from which on the same text in two languages is probably not translated."""
# UTF-8 read as Windows-1252 and saved again: "Ã©" for "é", "â€™" for "’".
_SPOILED: Final = re.compile("Ã[\u0080-\u00bf\u0152-\u017e\u2013-\u2122]|â€|Â[\u00a0-\u00bf]")


def advise(draft: Draft, election: Election, pictures: Mapping[str, bytes]) -> None:
    """Note every warning of an election without faults."""
    _languages(draft, election)
    _times(draft, election)
    for number, contest in enumerate(election.contests):
        _translated(draft, number, contest, election.languages)
        if isinstance(contest, Envelope):
            advise_envelope(draft, number, contest, election)
    if draft.projects is not None:
        _spelling(draft, draft.projects)
    _invented(draft, election)
    _pictures(draft, election, pictures)


def _languages(draft: Draft, election: Election) -> None:
    if len(election.languages) == 1:
        draft.notes.warn(
            draft.place("languages"),
            (
                f"il n’y a de textes qu’en « {election.languages[0]} »",
                f"there are texts in “{election.languages[0]}” only",
            ),
            (
                (
                    "Ajoutez par exemple « en » et ses textes, si des électeurs ne lisent pas "
                    "cette langue"
                ),
                "Add for instance “fr” and its texts, if some voters do not read this language",
            ),
        )
    unused = sorted({code for code, _ in election.title.words} - set(election.languages))
    if unused:
        draft.notes.warn(
            draft.place("title", unused[0]),
            (
                f"les textes en « {unused[0]} » ne seront pas montrés",
                f"the texts in “{unused[0]}” will not be shown",
            ),
            (
                f"Ajoutez « {unused[0]} » à « languages », ou supprimez-les",
                f"Add “{unused[0]}” to “languages”, or remove them",
            ),
        )


def _times(draft: Draft, election: Election) -> None:
    opens, closes = (datetime.fromisoformat(text) for text in (election.opens, election.closes))
    length = closes - opens
    if not SHORTEST <= length <= LONGEST:
        hours = int(length.total_seconds()) // 3600
        draft.notes.warn(
            draft.place("closes"),
            (
                f"le vote dure {hours // 24} jours et {hours % 24} heures",
                f"the vote lasts {hours // 24} days and {hours % 24} hours",
            ),
            ("Vérifiez les deux dates", "Check both dates"),
        )
    for name, moment in (("opens", opens), ("closes", closes)):
        local = moment.astimezone(draft.zone)
        if local.time() == time(0):
            last = local.date() - timedelta(days=1)
            ends = name == "closes"
            draft.notes.warn(
                draft.place(name),
                (
                    f"c’est minuit, au début du {local.date()}"
                    + (f" : le dernier jour pour voter est le {last}" if ends else ""),
                    f"this is midnight, as {local.date()} begins"
                    + (f": the last day to vote is {last}" if ends else ""),
                ),
                (
                    f"Si le {local.date()} compte, écrivez {local.date()} 20:00:00",
                    f"If {local.date()} counts, write {local.date()} 20:00:00",
                )
                if ends
                else (
                    f"Écrivez par exemple {local.date()} 09:00:00",
                    f"Write for instance {local.date()} 09:00:00",
                ),
            )
        elif not OPENING_HOURS[0] <= local.time() <= OPENING_HOURS[1]:
            draft.notes.warn(
                draft.place(name),
                (
                    (
                        f"il est alors {local:%H:%M} : hors des heures d’ouverture, personne ne "
                        "répondra aux électeurs"
                    ),
                    f"it is then {local:%H:%M}: outside opening hours nobody will answer voters",
                ),
                ("Choisissez une heure de bureau", "Choose a time within opening hours"),
            )


def _translated(draft: Draft, number: int, contest: Contest, languages: Sequence[str]) -> None:
    """Descriptions that one language has and another lacks, and texts that read the same."""
    origin = draft.origins[number]
    for part, text in (("title", contest.title), ("description", contest.description)):
        words = {code: text.in_language(code) for code in languages}
        _compare(draft, words, lambda code, part=part: draft.place(*origin, part, code))  # type: ignore[misc]
    file = draft.projects
    if not isinstance(contest, Envelope) or file is None:
        return
    for project, row in zip(contest.projects, draft.rows[number], strict=True):
        for part, text in (("title", project.title), ("description", project.description)):
            words = {code: text.in_language(code) for code in languages}
            _compare(
                draft,
                words,
                lambda code, part=part, row=row: file.place(row, file.column_of(part, code)),  # type: ignore[misc]
            )


def _compare(draft: Draft, words: Mapping[str, str], place: Callable[[str], Place]) -> None:
    written = [code for code in words if words[code]]
    for code in words:
        if written and not words[code]:
            draft.notes.warn(
                place(code),
                (f"il n’y a pas de texte en « {code} »", f"there is no text in “{code}”"),
                (f"Traduisez celui en « {written[0]} »", f"Translate the one in “{written[0]}”"),
            )
    if len(written) > 1 and len(words[written[0]]) >= SAME_WORDS:
        for code in written[1:]:
            if words[code] == words[written[0]]:
                draft.notes.warn(
                    place(code),
                    (
                        f"le texte en « {code} » est celui en « {written[0]} »",
                        f"the text in “{code}” is the one in “{written[0]}”",
                    ),
                    ("Traduisez-le", "Translate it"),
                )


def _spelling(draft: Draft, file: ProjectsFile) -> None:
    """Names of districts and categories spelled in two ways, and letters broken by a program."""
    spellings: dict[tuple[str, str], str] = {}
    for row in file.rows:
        for column in ("district", "category"):
            for word in (each.strip() for each in row[column].split("|")):
                usual = spellings.setdefault((column, plain(word)), word)
                if usual != word:
                    draft.notes.warn(
                        file.place(row, column),
                        (
                            f"« {word} » s’écrit ailleurs « {usual} » : ce sont deux groupes",
                            f"“{word}” is spelled “{usual}” elsewhere: these are two groups",
                        ),
                        ("Écrivez-les de la même façon", "Spell them in the same way"),
                    )
        for column, words in row.cells.items():
            if found := _SPOILED.search(words):
                draft.notes.warn(
                    file.place(row, column),
                    (
                        f"« {found[0]} » : un programme a sans doute abîmé les accents",
                        f"“{found[0]}”: a program has probably spoiled the accents",
                    ),
                    (
                        "Ouvrez l’original en UTF-8 et enregistrez-le à nouveau",
                        "Open the original as UTF-8 and save it again",
                    ),
                )


def _invented(draft: Draft, election: Election) -> None:
    number = sum(
        project.invented
        for contest in election.contests
        if isinstance(contest, Envelope)
        for project in contest.projects
    )
    if number and not election.id.startswith(("demo-", "rehearsal-")):
        draft.notes.warn(
            Place(file=PROJECTS_FILE, field="invented", line=1),
            (
                f"projets inventés : {format_number(number, 'fr')}, et chaque page le dira",
                f"invented projects: {format_number(number, 'en')}, and every page will say so",
            ),
            ("Videz la colonne « invented »", "Empty column “invented”"),
        )


def _pictures(draft: Draft, election: Election, pictures: Mapping[str, bytes]) -> None:
    used = {
        project.picture.path.removeprefix(f"{PICTURES_FOLDER}/")
        for contest in election.contests
        if isinstance(contest, Envelope)
        for project in contest.projects
        if project.picture
    }
    for name in sorted(pictures):
        place = Place(file=f"{PICTURES_FOLDER}/{name}")
        if name not in used:
            draft.notes.warn(
                place,
                ("aucun projet ne montre cette image", "no project shows this picture"),
                (
                    f"Nommez-la dans {PROJECTS_FILE}, ou supprimez-la",
                    f"Name it in {PROJECTS_FILE}, or remove it",
                ),
            )
        elif tells_more(pictures[name]):
            draft.notes.warn(
                place,
                (
                    "l’image garde ce que l’appareil y a écrit, souvent le lieu et l’heure",
                    "the picture holds what the camera wrote, often the place and the time",
                ),
                ("Enregistrez-la sans ces données (EXIF)", "Save it without these data (EXIF)"),
            )
