"""The letters that bring the codes: one HTML file without any outside part, one page a person.

To be printed from a browser: A4, the address where a French window envelope (DL, window on the
right) shows it. Each letter is in the language of its reader, else in the election's first one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from ballot.code import Code
from ballot.roll import Person

Words = Mapping[str, str]
"""Language code → words; the first one stands in for languages that are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterTexts:
    """What all letters of an election say.

    ``languages`` are the election's, the first for readers without one; ``styles`` the titles of
    the ballots by style id; ``website`` the address that people type; ``help`` whom to ask when
    the letter is lost or the code refused; ``period`` from when to when, empty to leave it out.
    """

    languages: Sequence[str]
    title: Words
    organiser: Words
    styles: Mapping[str, Words]
    website: str
    help: Words
    period: Words


_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "subject": "Your voting code",
        "intro": "You may vote. This letter holds your personal voting code.",
        "ballot": "Your ballot",
        "period": "The vote",
        "step 1": "Go to",
        "step 2": "Type your code. Capitals, blanks and dashes do not matter.",
        "step 3": "Choose, check your choices and cast. Keep the receipt that is shown to you.",
        "code": "Voting code",
        "letters": "The code holds no letters I, L, O or U: what looks like one is a digit 1 "
        "or 0, or a V.",
        "secret": "Show this code to nobody, and do not send it to anybody. It shows that you "
        "may vote once; it does not tell anybody how you vote.",
        "lost": "Letter lost, or code refused?",
        "replaced": "You will get a new code, and the old one will no longer work.",
        "number": "Number on the roll",
    },
    "fr": {
        "subject": "Votre code de vote",
        "intro": "Vous pouvez voter. Cette lettre contient votre code de vote personnel.",
        "ballot": "Votre bulletin",
        "period": "Le vote",
        "step 1": "Allez sur",
        "step 2": "Saisissez votre code. Majuscules, espaces et tirets sont sans importance.",
        "step 3": "Choisissez, vérifiez vos choix et votez. Gardez le récépissé qui s’affiche.",
        "code": "Code de vote",
        "letters": "Le code ne contient pas les lettres I, L, O et U : ce qui leur ressemble est "
        "un chiffre 1 ou 0, ou un V.",
        "secret": "Ne montrez ce code à personne et ne l’envoyez à personne. Il montre que vous "
        "pouvez voter une fois ; il ne dit à personne ce que vous votez.",
        "lost": "Lettre perdue, ou code refusé ?",
        "replaced": "Vous recevrez un nouveau code, et l’ancien ne fonctionnera plus.",
        "number": "Numéro sur la liste",
    },
}

_STYLE = """
@page { size: A4; margin: 0 }
* { box-sizing: border-box }
body { margin: 0; color: #000; background: #fff; font: 11pt/1.45 "DejaVu Sans", sans-serif }
section { position: relative; width: 210mm; height: 297mm; padding: 20mm 22mm; overflow: hidden;
  break-after: page; break-inside: avoid }
section:last-of-type { break-after: auto }
.from { width: 75mm; font-weight: bold }
address { position: absolute; left: 110mm; top: 50mm; width: 85mm; max-height: 38mm;
  overflow: hidden; font-style: normal }
.letter { position: absolute; left: 22mm; right: 22mm; top: 95mm }
h1 { margin: 0 0 2mm; font-size: 15pt }
.code { margin: 6mm 0 2mm; padding: 4mm; border: .6mm solid #000; text-align: center }
.code b { display: block; white-space: nowrap;
  font: bold 19pt/1.4 "DejaVu Sans Mono", Menlo, Consolas, monospace }
.small { font-size: 9pt }
ol { margin: 3mm 0; padding-left: 6mm }
.foot { position: absolute; left: 22mm; right: 22mm; bottom: 15mm; font-size: 9pt }
@media screen { section { margin: 5mm auto; border: 1px solid #999 } }
"""


def _said(words: Words, language: str) -> str:
    """``words`` in a language, ready for HTML; the first language when that one is missing."""
    return escape(words.get(language) or next(iter(words.values()), ""))


def letter_page(letters: Iterable[tuple[Person, Code]], texts: LetterTexts) -> str:
    """The whole HTML text, one section (a printed page) for each person."""
    language = escape(texts.languages[0])
    sections = "".join(_section(person, code, texts) for person, code in letters)
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_said(texts.title, texts.languages[0])}</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{sections}</body>\n</html>\n"
    )


def _section(person: Person, code: Code, texts: LetterTexts) -> str:
    language = person.language or texts.languages[0]
    words = _WORDS.get(language) or _WORDS["en"]
    lines = [line for line in (person.name, *person.address) if line]
    style = _said(texts.styles.get(person.style, {"": person.style}), language)
    period = _said(texts.period, language)
    return f"""<section lang="{escape(language if language in _WORDS else "en")}">
<p class="from">{_said(texts.organiser, language)}</p>
<address>{"<br>".join(map(escape, lines))}</address>
<div class="letter">
<h1>{_said(texts.title, language)}</h1>
<p><b>{words["subject"]}.</b> {words["intro"]}<br>
{words["ballot"]}: <b>{style}</b>{f"<br>{words['period']}: {period}" if period else ""}</p>
<div class="code">{words["code"]}<b>{code.grouped}</b></div>
<p class="small">{words["letters"]}</p>
<ol><li>{words["step 1"]} <b>{escape(texts.website)}</b></li>
<li>{words["step 2"]}</li>
<li>{words["step 3"]}</li></ol>
<p>{words["secret"]}</p>
<p><b>{words["lost"]}</b> {_said(texts.help, language)} {words["replaced"]}</p>
</div>
<p class="foot">{words["number"]}: {escape(person.id)}</p>
</section>
"""
