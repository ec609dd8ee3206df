"""The tally's faults in the words of the folder's files, in French and English.

The tally says its faults once, in English, in minor units and in the terms of the definition. Here
each is said in both languages, in currency units and in the terms of election.toml. A test reads
the tally's source and fails when a message has no French.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from ballot.definition.finding import Said, did_you_mean
from tally.money import format_money

Money = Callable[[int, str], str]

_KINDS: Final[Mapping[str, Said]] = {
    "an object": ("une table", "a table"),
    "a list": ("une liste", "a list"),
    "a text": ("un texte", "a text"),
    "an integer": ("un nombre entier", "a whole number"),
    "a flag": ("true ou false", "true or false"),
    "null": ("rien", "nothing"),
    "Decimals": ("un nombre à décimales", "a number with decimals"),
    "datetime": ("une date", "a date"),
    "date": ("une date", "a date"),
    "time": ("une heure", "a time of day"),
    "float": ("un nombre à décimales", "a number with decimals"),
}
_WHAT: Final[Mapping[str, str]] = {
    "projects": "projets",
    "options": "options",
    "criteria": "critères",
    "languages": "langues",
    "contests": "enveloppes ou questions",
    "styles": "styles",
    "grades": "mentions",
    "categories": "catégories",
    "language codes and words": "codes de langue et leurs mots",
    "contest ids and forms": "ids d’enveloppes et leurs bulletins",
    "parameters": "paramètres",
    "lists of project ids": "listes d’ids de projets",
    "project ids": "ids de projets",
    "option ids": "ids d’options",
    "a budget for each district": "budgets, un par quartier",
    "a budget for each category": "budgets, un par catégorie",
    "district": "quartier",
    "category": "catégorie",
}
_Q: Final = r"['\"]?"

# English pattern → French, and English where the tally's own words would not help an officer.
# {money:n} is group n as an amount, {what:n} and {kind:n} are its words in the language.
_MESSAGES: Final[tuple[tuple[str, str, str | None], ...]] = (
    (r"(.+) stands here", "il y a ici {kind:1}", "there is {kind:1} here"),
    (r"0 projects", "aucun projet ne nomme cette enveloppe", "no project names this envelope"),
    (r"(\d+) characters", "le texte a {1} caractères", "the text has {1} characters"),
    (r"(\d+) different scores", "il y a {1} notes différentes", None),
    (r"(.+) is out of range", "{amount:1} est hors des limites", "{amount:1} is out of range"),
    (r"the text is empty", "le texte est vide", None),
    (r"(.+) is not known", "{1} n’est pas connu", None),
    (r"key (.+) is not a text", "la clé {1} n’est pas un texte", None),
    (r"control character (U\+\w+) in the text", "le texte contient le caractère de commande {1}",
     None),
    (r"half a character \(lone surrogate\)", "le texte contient la moitié d’un caractère", None),
    (r"'(.+)' is missing", "il manque « {1} »", "“{1}” is missing"),
    (r"unknown key '(.+)'", "clé inconnue « {1} »", "unknown key “{1}”"),
    (r"unknown key (.+)", "clé inconnue {1}", None),
    (r"(.+) is not an identifier", "{1} n’est pas un identifiant", None),
    (r"(.+) is not a project id", "{1} n’est pas un id de projet", None),
    (r"(.+) is not a language code", "{1} n’est pas un code de langue", None),
    (r"no words in any language", "il n’y a de texte en aucune langue", None),
    (r"no words in '(.+)', a language of the election",
     "il manque le texte en « {1} », une langue du vote", "the text in “{1}” is missing"),
    (r"the (\d+) cheapest projects cost more than the budget (\d+) a ballot may name",
     "les {1} projets les moins chers dépassent ensemble le budget d’un bulletin ({money:2})",
     "the {1} cheapest projects together exceed the budget of a ballot ({money:2})"),
    (r"grade number (\d+) of (\d+)", "mention numéro {1} sur {2}", None),
    (r"no grade is worse than this one, so it excludes nobody",
     "aucune mention n’est pire que celle-ci : elle n’écarte personne", None),
    (r"(\w+) counts votes or points, and majority judgment has grades",
     "{1} compte des voix ou des points, et le jugement majoritaire a des mentions", None),
    (r"Phragmén's rule has no parameter '(.+)'",
     "la règle de Phragmén n’a pas de paramètre « {1} »", None),
    (r"Phragmén's rule funds projects whole or not at all",
     "la règle de Phragmén finance un projet en entier ou pas du tout", None),
    (r"the knapsack optimum has no parameter '(.+)'",
     "l’optimum du sac à dos n’a pas de paramètre « {1} »", None),
    (r"two grades read the same", "deux mentions sont les mêmes", None),
    (r"cap (\d+) is above the total (\d+)", "le plafond {1} dépasse le total {2}", None),
    (r"(\d+) points cannot go to (\d+) projects",
     "{1} points ne se partagent pas entre {2} projets", None),
    (r"at most (\d+) points can be given and (\d+) are asked for",
     "on peut donner au plus {1} points et il en faut {2}", None),
    (r"(\d+) projects are asked for and (\d+) can be named",
     "il faut nommer {1} projets et il n’y en a que {2}", None),
    (r"up to (\d+) of (\d+) projects", "jusqu’à {1} projets, et il n’y en a que {2}",
     "up to {1} projects, and there are only {2}"),
    (r"(\w+) (\d+) is above (\w+) (\d+)", "{1} {2} dépasse {3} {4}", None),
    (r"the highest score is not above the lowest",
     "la note la plus haute ne dépasse pas la plus basse", None),
    (r"(.+) is not a SHA-256 hash", "{1} n’est pas une empreinte SHA-256", None),
    (r"(.+) is not a picture's path", "{1} n’est pas le chemin d’une image", None),
    (r"a tie could remain", "une égalité pourrait rester", None),
    (r"the costs add up to more than 2\^53 - 1", "la somme des coûts est trop grande",
     "the costs add up to too much"),
    (r"a question's form in an envelope", "un bulletin de question dans une enveloppe", None),
    (r"form '(.+)' in a question", "un bulletin « {1} » dans une question", None),
    (r"(.+) stands twice in the group", "{1} est deux fois dans le groupe", None),
    (r"(.+) stands twice", "{1} est là deux fois", None),
    (r"'(.+)' decides every tie, so what follows it never applies",
     "« {1} » tranche toute égalité : ce qui suit ne sert jamais", None),
    (r"'(.+)' is the id of \w+\[\d+\] too", "l’id « {1} » est pris deux fois",
     "id “{1}” is used twice"),
    (r"(.+) is not a time in UTC with whole seconds", "{1} n’est pas une date et une heure",
     "{1} is not a date and a time"),
    (r"(.+) is not the name of a time zone", "{1} n’est pas le nom d’un fuseau horaire", None),
    (r"(.+) is not a currency code", "{1} n’est pas un code de monnaie", None),
    (r"the vote closes before it opens", "le vote ferme avant d’ouvrir", None),
    (r"the style has no contest '(.+)'", "le style n’a pas « {1} » parmi ses « contests »",
     "the style does not list “{1}” in “contests”"),
    (r"form '(.+)' replaces '(.+)'", "un bulletin « {1} » remplace « {2} »",
     "a form “{1}” replaces “{2}”"),
    (r"the grades differ from the contest's", "les mentions diffèrent de celles de l’enveloppe",
     "the grades differ from the envelope’s"),
    (r"the scores differ from the contest's", "les notes diffèrent de celles de l’enveloppe",
     "the scores differ from the envelope’s"),
    (r"no style offers contest '(.+)', so nobody could vote on it",
     "aucun style ne propose « {1} » : personne ne pourrait voter dessus",
     "no style offers “{1}”: nobody could vote on it"),
    (r"there is no contest '(.+)'", "il n’y a ni enveloppe ni question « {1} »",
     "there is no envelope or question “{1}”"),
    (r"(.+) has another hash elsewhere", "{1} a ailleurs un autre contenu", None),
    (rf"{_Q}(.+?){_Q} is not a rational in lowest terms", "« {1} » n’est pas une part",
     "“{1}” is not a share"),
    (r"there are no points on these ballots", "ces bulletins ne portent pas de points", None),
    (r"there are no ranks on these ballots", "ces bulletins ne portent pas de rangs", None),
    (r"the raise needs to know by how much a ballot's budget grows at a time",
     "il manque de combien le budget d’un bulletin augmente à chaque fois", None),
    (r"nothing is raised", "rien n’est augmenté", None),
    (r"add-opt raises without steps", "add-opt augmente sans palier", None),
    (r"(.+) is too small", "{1} est trop petit", None),
    (r"(.+) is too large", "{1} est trop grand", None),
    (r"a ballot gives a project at most (.+)", "un bulletin donne à un projet au plus {1}", None),
    (r"with this form the score is the number of votes",
     "avec ce bulletin, le score est le nombre de voix", None),
    (r"no ballot can give a project a positive score",
     "aucun bulletin ne peut donner à un projet une note positive", None),
    (r"neither 'count' nor 'budget' limits a group", ("ni « count » ni « budget » ne limite un "
     "groupe"), None),
    (r"'minimum' says when the group's budget begins to bind, and there is none",
     "« minimum » dit à partir de quand le budget du groupe compte, et il n’y en a pas", None),
    (r"it is above count (\d+)", "il dépasse count = {1}", None),
    (r"(\d+) × (\d+) is more than the envelope of (\d+)",
     "{1} × {money:2} dépasse l’enveloppe de {money:3}",
     "{1} × {money:2} is more than the envelope of {money:3}"),
    (r"on_misfit 'top-up' needs to know from which share on",
     "on_misfit = \"top-up\" demande à partir de quelle part", None),
    (r"it is used by on_misfit 'top-up' only", "ne sert qu’avec on_misfit = \"top-up\"", None),
    (r"(\w+) needs to know which ballots it is a share of",
     "{1} demande de quels bulletins il est une part", None),
    (r"no parameter uses it", "aucun paramètre ne s’en sert", None),
    (r"it contradicts minimum_per: both say what is chosen first",
     "il contredit minimum_per : tous deux disent qui est choisi d’abord", None),
    (r"project '(.+)' has no (district|category)", "le projet « {1} » n’a pas de {what:2}",
     "project “{1}” has no {2}"),
    (r"project '(.+)' has (\d+) categories", "le projet « {1} » a {2} catégories",
     "project “{1}” has {2} categories"),
    (r"(\w+) '(.+)' has no budget", "« {2} » ({what:1}) n’a pas de budget",
     "{1} “{2}” has no budget"),
    (r"no project has the (\w+) '(.+)'", "aucun projet n’a « {2} » ({what:1})",
     "no project has the {1} “{2}”"),
    (r"(\w+) '(.+)' has (\d+) projects and is promised (\d+)",
     "« {2} » ({what:1}) a {3} projets et on lui en promet {4}",
     "{1} “{2}” has {3} projects and is promised {4}"),
    (r"there is no project '(.*)'", "il n’y a pas de projet « {1} »", "there is no project “{1}”"),
    ((r"it contradicts on_misfit '(.+)', which gives the last money of the whole envelope to one "
     "project"),
     ("il contredit on_misfit = \"{1}\", qui donne le dernier argent de toute l’enveloppe à un "
     "seul projet"), None),
    (r"no option can have more than all votes", ("aucune option ne peut avoir plus que toutes les "
     "voix"), None),
    (r"there is no rule '(.*)' for this kind of contest", "il n’y a pas de règle « {1} » ici",
     "there is no rule “{1}” here"),
    (r"rule '(.+)' cannot count the form '(.+)'",
     "la règle « {1} » ne sait pas compter le bulletin « {2} »",
     "rule “{1}” cannot count the form “{2}”"),
    (r"(\d+) (\D+)", "il y en a {1} ({what:2})", "there are {1} {what:2}"),
    (r"(.+): nested deeper than (\d+) levels", "{1} : plus de {2} niveaux", None),
    (r"(.+): integer beyond .+", "{1} : le nombre est trop grand", "{1}: the number is too large"),
    (r"(.+): text holds a lone surrogate", "{1} : la moitié d’un caractère", None),
    (r"(.+): key (.+) is not a text", "{1} : la clé {2} n’est pas un texte", None),
    (r"(.+): (\w+) has no canonical spelling", "{1} : il y a ici {kind:2}",
     "{1}: there is {kind:2} here"),
)  # fmt: skip
_REMEDIES: Final[tuple[tuple[str, str, str | None], ...]] = (
    (r"Write one of (.+)", "Écrivez l’un de : {1}", None),
    (r"Write true or false", "Écrivez true ou false", None),
    (r"Write a list of (.+)", "Écrivez une liste : [ … ] ({what:1})", "Write a list [ … ] of {1}"),
    (r"Write an object with (.+)", "Écrivez une table avec {1}", "Write a table with {1}"),
    (r"Write an object of (.+)", "Écrivez une table : {what:1}", "Write a table of {1}"),
    (r"Write a text", "Écrivez un texte entre guillemets", "Write a text in quotation marks"),
    (r"Write an integer", "Écrivez un nombre entier", "Write a whole number"),
    (r"Give (-?\d+) to (-?\d+)", "Donnez de {amount:1} à {amount:2}",
     "Give {amount:1} to {amount:2}"),
    (r"Give at least (\S+)", "Donnez-en au moins {1}", None),
    (r"Give at most (\S+)", "Donnez-en au plus {1}", None),
    (r"Give more than (\S+)", "Donnez plus de {1}", None),
    (r"Give less than (\S+)", "Donnez moins de {1}", None),
    (r"Write at least one character", "Écrivez au moins un caractère", None),
    (r"Shorten it to at most (\d+)", "Raccourcissez-le à {1} au plus", None),
    (r"Write it as a text", "Écrivez-la comme un texte", None),
    (r"Remove it", "Supprimez-le", None),
    (r"Write it on one line", "Écrivez-le sur une seule ligne", None),
    (r"Write the text again", "Écrivez le texte à nouveau", None),
    (r"Add '(\w+)'", "Ajoutez « {1} »", "Add “{1}”"),
    (r"Use lower case letters a-z, digits, '.', '_' and '-', first a letter or digit",
     ("Utilisez des minuscules sans accent, des chiffres, « . », « _ » et « - », d’abord une "
     "lettre ou un chiffre"), None),
    (r"Use letters, digits and . _ : / # \+ - only",
     "N’utilisez que des lettres, des chiffres et . _ : / # + -", None),
    (r"Write a code such as 'fr'", "Écrivez un code comme « fr »", None),
    (r"Add a language and its words", "Ajoutez une langue et ses mots", None),
    (r"Raise 'budget' or lower 'minimum'", "Augmentez « budget » ou baissez « minimum »", None),
    (r"Give each grade its own words", "Donnez à chaque mention ses propres mots", None),
    (r"Lower '(\w+)' to at most (\d+)", "Baissez « {1} » à {2} au plus", None),
    (r"Lower '(\w+)' or raise '(\w+)'", "Baissez « {1} » ou augmentez « {2} »", None),
    (r"Lower 'count' or add projects", "Baissez « count » ou ajoutez des projets", None),
    (r"Lower '(\w+)'", "Baissez « {1} »", None),
    (r"Lower it", "Baissez-le", None),
    (r"Lower it to at most (\d+)", "Baissez-le à {amount:1} au plus",
     "Lower it to at most {amount:1}"),
    (r'Lower it to at most "(.+)"', "Baissez-le à « {1} » au plus", None),
    (r"Raise '(\w+)'", "Augmentez « {1} »", None),
    (r"Allow at most (\d+)", "Permettez-en au plus {1}", None),
    (r"Write the 32 bytes in base64url, 43 characters", "Écrivez les 32 octets en base64url",
     None),
    (r"Write 'pictures/' and a plain file name",
     "Écrivez « pictures/ » et un nom de fichier simple", None),
    (r"End with 'order' or 'lot'", "Terminez par \"order\" ou \"lot\"", None),
    (r"Use a smaller exponent", "Diminuez « decimals »", "Lower “decimals”"),
    (r"Choose a form for projects", "Choisissez un bulletin pour des projets", None),
    (r'Write \{"type": "question"\}', 'Écrivez type = "question", ou rien',
     'Write type = "question", or nothing'),
    (r"Remove one", "Supprimez-en un", None),
    (r"Remove it; there are (.+)", "Supprimez-le ; il y a {1}", None),
    (r'Write "skip" or "stop"', "Écrivez « skip » ou « stop »", None),
    (r"Remove it once", "Supprimez-le une fois", None),
    (r"Move '(.+)' to the end, and keep only one of 'order' and 'lot'",
     "Mettez « {1} » à la fin, et ne gardez que l’un de \"order\" et \"lot\"", None),
    (r"Give each its own id", "Donnez à chacun le sien", None),
    (r"Write integers, texts, flags, lists and objects only",
     "N’écrivez que des nombres entiers, des textes, true, false, des listes et des tables",
     "Write whole numbers, texts, true, false, lists and tables only"),
    (r"Write it like 2026-10-05T08:00:00Z", "Écrivez-la comme 2026-10-05 08:00:00",
     "Write it like 2026-10-05 08:00:00"),
    (r"Write ISO 4217, such as 'EUR'", "Écrivez le code ISO 4217, comme \"EUR\"", None),
    (r"Write an IANA name such as 'Europe/Paris'",
     "Écrivez un nom de l’IANA comme « Europe/Paris »", None),
    (r"Give a later time", "Donnez une date plus tardive", None),
    (r"Write the id of a contest", "Écrivez l’id d’une enveloppe ou d’une question",
     "Write the id of an envelope or a question"),
    (r"Add it to 'contests' or remove its form",
     "Ajoutez-le à « contests » ou supprimez son bulletin", None),
    (r"Keep the type; only limits may differ between styles",
     "Gardez le type ; seules les limites peuvent différer d’un style à l’autre", None),
    (r"Remove it or name a better grade", "Supprimez-le ou nommez une meilleure mention", None),
    (r"Remove it, or use minimum_grade", "Supprimez-le, ou utilisez minimum_grade", None),
    (r"Use the same grades", "Utilisez les mêmes mentions", None),
    (r"Use the same range", "Utilisez les mêmes notes", None),
    (r"Add it to a style or remove it", "Ajoutez-le à « contests » d’un style, ou supprimez-le",
     "Add it to “contests” of a style, or remove it"),
    (r"Give each picture its own file name", "Donnez à chaque image son propre nom", None),
    (r'Write it as "1/3", "4/5", "1" or "2"', "Écrivez « 1/3 », « 80 % » ou 0.8",
     "Write “1/3”, “80 %” or 0.8"),
    (r"Use (\w+) instead", "Utilisez {1} à la place", None),
    (r"Raise the highest score, or count with another rule",
     "Augmentez la note la plus haute, ou choisissez une autre règle", None),
    (r"Give at least one of them", "Donnez-en au moins un", None),
    (r"Give 'budget' or remove 'minimum'", "Donnez « budget » ou supprimez « minimum »", None),
    (r'Add top_up_share, for instance "4/5"', 'Ajoutez par exemple top_up_share = "80 %"',
     'Add for instance top_up_share = "80 %"'),
    (r'Write "cost" or "cardinality"', "Écrivez « cost » ou « cardinality »", None),
    (r"Give increment, in the smallest unit of the currency, for instance 100 for one euro",
     "Ajoutez increment, par exemple « 1 € »", "Add increment, for instance “1 €”"),
    (r'Remove it, or write raise "add1"', "Supprimez-le, ou écrivez raise = « add1 »", None),
    (r"Remove it or change on_misfit", "Supprimez-le ou changez on_misfit", None),
    (r"Add share_of: 'cast' or 'expressed'", ('Ajoutez share_of = "cast" (déposés) ou "expressed" '
     "(exprimés)"), 'Add share_of = "cast" or "expressed"'),
    (r"Remove it or add (.+)", "Supprimez-le ou ajoutez {1}", None),
    (r"Keep one of them", "Gardez l’un des deux", None),
    (r"Give it a (district|category)", "Remplissez la colonne « {1} »", "Fill in column “{1}”"),
    (r"Leave it one, or use another parameter than 'top_per'",
     "Ne lui en laissez qu’une, ou n’utilisez pas top_per", None),
    (r"Give it one, or null if it has none", 'Donnez-lui-en un, ou "none" s’il n’en a pas',
     'Give it one, or "none" if it has none'),
    (r"Write the id of a project", "Écrivez l’id d’un projet", None),
    (r"Use on_misfit 'skip' or 'stop', or remove it",
     'Choisissez on_misfit = "skip" ou "stop", ou supprimez-le', None),
    (r"Write strict = false", "Écrivez strict = false", None),
    (r"Use one of (.+), or another rule", "Choisissez l’un de : {1}, ou une autre règle", None),
)  # fmt: skip
_UNKNOWN_KEY: Final = re.compile(r"unknown key '(.+)'")
_KNOWN: Final = re.compile(r"Remove it; known are (.+)")
_PLACE: Final = re.compile(r"\{(?:(\w+):)?(\d)\}")


def _amounts(currency: str, exponent: int) -> Money:
    return lambda minor, language: format_money(minor, currency, exponent, language)


def _fill(
    template: str, groups: tuple[str, ...], language: int, money: Money, is_money: bool
) -> str:
    def place(found: re.Match[str]) -> str:
        kind, text = found[1], groups[int(found[2]) - 1]
        code = ("fr", "en")[language]
        if kind == "money" or (kind == "amount" and is_money):
            return money(int(text), code) if re.fullmatch(r"-?\d+", text) else text
        if kind == "kind":
            return _KINDS.get(text, (text, text))[language]
        if kind == "what":
            return _WHAT.get(text, text) if language == 0 else text
        return text

    return _PLACE.sub(place, template)


def _say(
    words: str,
    table: tuple[tuple[str, str, str | None], ...],
    money: Money,
    is_money: bool,
) -> Said | None:
    for pattern, french, english in table:
        if found := re.fullmatch(pattern, words, re.DOTALL):
            groups = found.groups()
            return (
                _fill(french, groups, 0, money, is_money),
                words if english is None else _fill(english, groups, 1, money, is_money),
            )
    return None


def translate(
    message: str, remedy: str, *, currency: str, exponent: int, is_money: bool = False
) -> tuple[Said, Said]:
    """A tally fault's message and remedy in French and English.

    ``is_money``: plain numbers of the fault are amounts in minor units. Words without French stay
    as they are in both languages.
    """
    money = _amounts(currency, exponent)
    said = _say(message, _MESSAGES, money, is_money) or (message, message)
    known = _KNOWN.fullmatch(remedy)
    unknown = _UNKNOWN_KEY.fullmatch(message)
    if known:
        return said, did_you_mean(unknown[1] if unknown else message, known[1].split(", "))
    return said, _say(remedy, _REMEDIES, money, is_money) or (remedy, remedy)


def is_translated(message: str, remedy: str) -> bool:
    """Whether both have French words here."""
    money = _amounts("EUR", 2)
    return _say(message, _MESSAGES, money, False) is not None and (
        bool(_KNOWN.fullmatch(remedy)) or _say(remedy, _REMEDIES, money, False) is not None
    )
