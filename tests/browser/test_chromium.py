"""The browser of these tests runs, in both windows, on an address that may use cryptography."""

import pytest
from flask import Flask

from tests.browser.chromium import DESKTOP, PHONE, Window, serving
from tests.browser.conftest import NewContext


@pytest.mark.parametrize("window", [PHONE, DESKTOP])
def test_a_page_is_served_in_a_secure_context(new_context: NewContext, window: Window) -> None:
    app = Flask("page", static_folder=None)
    app.add_url_rule("/", view_func=lambda: "<!doctype html><title>Here</title>")
    with serving(app) as address:
        page = new_context(window, "en").new_page()
        page.goto(address)
        assert page.title() == "Here"
        assert page.evaluate("[isSecureContext, innerWidth, navigator.language]") == [
            True,
            window.width if window is DESKTOP else 980,
            "en",
        ]
