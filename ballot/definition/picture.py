"""Pictures of projects: which files may be published, checked by their bytes."""

import re
from typing import Final

from ballot.definition.finding import Unreadable, shown

LARGEST_PICTURE: Final = 2_000_000
"""Bytes. A ballot page with many projects must load on a telephone."""
LARGEST_SIDE: Final = 4_000
"""Pixels."""
PICTURE_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,90}", re.ASCII)
_TYPES: Final = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}
_PNG: Final = b"\x89PNG\r\n\x1a\n"
# Frame headers of JPEG (ITU-T T.81, table B.1): C0 to CF without C4, C8 and CC.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _png_size(data: bytes) -> tuple[int, int] | None:
    if (
        len(data) < 33
        or data[12:16] != b"IHDR"
        or not data.rstrip(b"\0").endswith(b"IEND\xaeB`\x82")
    ):
        return None
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        if kind == 0xFF:
            at += 1
            continue
        if kind in _FRAMES:
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


def check_picture(name: str, data: bytes) -> None:
    """Raise Unreadable unless this is a whole PNG or JPEG picture of a reasonable size."""
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    if not PICTURE_NAME.fullmatch(name) or suffix not in _TYPES:
        raise Unreadable(
            (
                f"« {shown(name)} » n’est pas le nom d’une image PNG ou JPEG",
                f"“{shown(name)}” is not the name of a PNG or JPEG picture",
            ),
            (
                (
                    "Enregistrez l’image en .png ou .jpg, sous un nom de lettres sans accent, de "
                    "chiffres, de « . », « _ » et « - »"
                ),
                "Save it as .png or .jpg under a name of plain letters, digits, “.”, “_” and “-”",
            ),
        )
    if data.startswith(_PNG):
        found, size = "png", _png_size(data)
    elif data.startswith(b"\xff\xd8"):
        found, size = "jpeg", _jpeg_size(data)
    else:
        found, size = "", None
    if found != _TYPES[suffix] or size is None or 0 in size:
        raise Unreadable(
            (
                f"« {name} » ne contient pas une image {suffix[1:]} entière",
                f"“{name}” does not hold a whole {suffix[1:]} picture",
            ),
            ("Enregistrez l’image à nouveau", "Save the picture again"),
        )
    if len(data) > LARGEST_PICTURE or max(size) > LARGEST_SIDE:
        raise Unreadable(
            (
                f"« {name} » a {len(data)} octets et {size[0]} × {size[1]} points",
                f"“{name}” has {len(data)} bytes and {size[0]} × {size[1]} pixels",
            ),
            (
                (
                    f"Réduisez-la à {LARGEST_PICTURE} octets et {LARGEST_SIDE} points de côté au "
                    "plus ; 1200 × 800 suffisent"
                ),
                (
                    f"Reduce it to at most {LARGEST_PICTURE} bytes and {LARGEST_SIDE} pixels a "
                    "side; 1200 × 800 is enough"
                ),
            ),
        )


def tells_more(data: bytes) -> bool:
    """Whether a JPEG carries what a camera adds: often the place, the time and the device."""
    return data.startswith(b"\xff\xd8") and b"Exif\0\0" in data[:70_000]
