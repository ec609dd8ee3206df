"""Bytes of a text file as words, or why they are none and how to save the file again."""

from typing import Final

from ballot.definition.finding import Notes, Place, Said

LARGEST_FILE: Final = 20_000_000

_SAVE_AGAIN: Final[Said] = (
    (
        "Enregistrez-le à nouveau en UTF-8. Excel : Fichier › Enregistrer sous › « CSV UTF-8 » ; "
        "LibreOffice : Enregistrer sous, « Éditer les paramètres du filtre », jeu de caractères "
        "« Unicode (UTF-8) » ; Bloc-notes : Enregistrer sous › Codage « UTF-8 »"
    ),
    (
        "Save it again as UTF-8. Excel: File › Save As › “CSV UTF-8”; LibreOffice: Save As, "
        "“Edit filter settings”, character set “Unicode (UTF-8)”; Notepad: Save As › Encoding "
        "“UTF-8”"
    ),
)


def decode(data: bytes, file: str, notes: Notes) -> str | None:
    """The words of a UTF-8 file, with or without a byte order mark; None when it is no such file.

    Line ends stay as they are.
    """
    if len(data) > LARGEST_FILE:
        notes.fault(
            Place(file=file, line=1),
            (f"le fichier a {len(data)} octets", f"the file has {len(data)} bytes"),
            (f"Réduisez-le à {LARGEST_FILE}", f"Reduce it to {LARGEST_FILE}"),
        )
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        notes.fault(
            Place(file=file, line=1),
            ("le fichier est en UTF-16, pas en UTF-8", "the file is UTF-16, not UTF-8"),
            _SAVE_AGAIN,
        )
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before) - before.rfind(b"\n")
        bad = data[error.start : error.start + 1]
        letter = bad.decode("cp1252", "replace")
        notes.fault(
            Place(file=file, line=line, column=column),
            (
                (
                    f"ce n’est pas de l’UTF-8 : l’octet 0x{bad.hex().upper()} serait « {letter} "
                    "» en Windows-1252, le codage des anciens tableurs"
                ),
                (
                    f"the file is not UTF-8: byte 0x{bad.hex().upper()} would be “{letter}” in "
                    "Windows-1252, the encoding of old spreadsheets"
                ),
            ),
            _SAVE_AGAIN,
        )
        return None
