"""The browser itself refuses a module that is not the one whose digest the page names."""

import pytest
from flask import Flask, Response
from playwright.sync_api import Browser

from tests.browser.chromium import serving
from web.app import SECURITY_HEADERS
from web.client_modules import modules, page_modules

ENTRY = "code.js"
PROBE = 'import { readCode } from "./code.js";\ndocument.title = typeof readCode;\n'


def _app(changed: str) -> Flask:
    """A page that loads code.js as the voting pages do; ``changed`` is served with a blank more."""
    app = Flask("page", static_folder=None)
    needed = page_modules(ENTRY)
    preloads = "".join(
        f'<link rel="modulepreload" href="{each.path}" integrity="{each.integrity}">'
        for each in needed
    )
    script = '<script type="module" src="/static/js/probe.js"></script>'

    def page() -> Response:
        text = f"<!doctype html><title>No</title>{preloads}{script}"
        return Response(text, headers=SECURITY_HEADERS, content_type="text/html")

    def module(name: str) -> Response:
        content = PROBE.encode() if name == "probe.js" else modules()[name].content
        if name == changed:
            content += b"\n"
        return Response(content, content_type="text/javascript; charset=utf-8")

    app.add_url_rule("/", view_func=page)
    app.add_url_rule("/static/js/<name>", view_func=module)
    return app


@pytest.mark.parametrize(
    ("changed", "title"), [("", "function"), ("code.js", "No"), ("base32.js", "No")]
)
def test_a_changed_module_does_not_run(browser: Browser, changed: str, title: str) -> None:
    with serving(_app(changed)) as address:
        context = browser.new_context()
        page = context.new_page()
        page.goto(address, wait_until="load")
        assert page.title() == title
        context.close()


def test_no_text_becomes_a_script(browser: Browser) -> None:
    with serving(_app("")) as address:
        context = browser.new_context()
        page = context.new_page()
        page.goto(address)
        outcome = page.evaluate(
            """() => {
              try { document.body.innerHTML = "<b>text</b>"; return "made"; }
              catch (error) { return error.name; }
            }"""
        )
        assert outcome == "TypeError"
        context.close()
