"""The QR codes that the browser draws are those of the standard (ISO/IEC 18004)."""

from typing import Any, cast

import pytest
import segno
import segno.encoder
from flask import Flask, Response, send_from_directory

from tests.browser.chromium import DESKTOP, serving
from tests.browser.conftest import NewContext
from web.client_modules import modules

# The largest text of each version, one byte more, and what a receipt's code looks like.
SIZES = (1, 14, 15, 26, 42, 43, 62, 84, 85, 106, 122, 123, 152, 180, 181, 213)
TEXTS = [
    *("x" * size for size in SIZES),
    "https://vote.example.org/receipt#" + "aB3_-" * 8 + "xyz",
    "Élan 100 €",
]


@pytest.fixture
def iso_padding(monkeypatch: pytest.MonkeyPatch) -> None:
    """segno adds a byte of zeros where the bits end at a codeword's end already (7.4.10 adds none);
    readers pass over both."""

    def pad(buffer: Any, _version: int, length: int) -> None:
        buffer.extend([0] * (-length % 8))

    monkeypatch.setattr(segno.encoder, "write_padding_bits", pad)


@pytest.mark.usefixtures("iso_padding")
def test_module_by_module_as_segno_draws_it(new_context: NewContext) -> None:
    app = Flask("qr", static_folder=None)
    folder = "../../web/static/js"
    assert "ui-qr.js" in modules()
    app.add_url_rule("/", view_func=lambda: "<!doctype html><title>QR</title>")

    def module() -> Response:
        return send_from_directory(folder, "ui-qr.js", mimetype="text/javascript")

    app.root_path = __file__.rpartition("/")[0]
    app.add_url_rule("/ui-qr.js", view_func=module)
    with serving(app) as address:
        page = new_context(DESKTOP).new_page()
        page.goto(address)
        script = """async (texts) => {
          const { qrCode } = await import("/ui-qr.js");
          return texts.map((text) => qrCode(text));
        }"""
        drawn = cast("list[dict[str, Any]]", page.evaluate(script, TEXTS))
        refused = page.evaluate(
            """async () => {
              const { qrCode } = await import("/ui-qr.js");
              try { qrCode("x".repeat(214)); } catch (error) { return error.message; }
            }"""
        )
    assert refused == "qr-length"
    for text, own in zip(TEXTS, drawn, strict=True):
        options = {"error": "m", "mode": "byte", "boost_error": False, "encoding": "utf-8"}
        theirs = segno.make(text, mask=own["mask"], micro=False, **cast("Any", options))
        assert own["version"] == theirs.version
        assert [[int(cell) for cell in row] for row in own["cells"]] == [
            list(row) for row in theirs.matrix
        ]
