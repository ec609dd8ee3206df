"""The resident's modules in a browser page, called from Python: bytes travel in hex."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, Response
from playwright.sync_api import Browser, Page

from tests.browser.chromium import serving
from web.client_modules import modules

# What every call can use: each module by its name, and hex both ways.
_CALL = """async ({ source, names, argument }) => {
  const loaded = await Promise.all(names.map((name) => import(`/static/js/${name}.js`)));
  const own = Object.fromEntries(names.map((name, at) => [name, loaded[at]]));
  own.unhex = (digits) => Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  own.hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  own.caught = async (act) => {
    try { return { value: await act() }; }
    catch (error) {
      if (!error.code) throw error;
      return { code: error.code, ...error };
    }
  };
  const make = Object.getPrototypeOf(async () => {}).constructor;
  return make("m", "argument", source)(own, argument);
}"""


class Modules:
    """The modules of one page; ``run`` gives what a piece of JavaScript returns."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def run(self, names: str, source: str, argument: Any = None) -> Any:
        """``source`` is the body of a function of ``m`` (the modules named, ``hex``, ``unhex``,
        ``caught``) and ``argument``."""
        return self.page.evaluate(
            _CALL, {"source": source, "names": names.split(), "argument": argument}
        )


def module_server() -> Flask:
    """A page with nothing in it, and the modules."""
    app = Flask("modules", static_folder=None)

    def served(name: str) -> Response:
        return Response(modules()[name].content, content_type="text/javascript; charset=utf-8")

    app.add_url_rule("/", "page", lambda: "<!doctype html><title>Modules</title>")
    app.add_url_rule("/static/js/<name>", "module", served)

    return app


@contextmanager
def modules_page(browser: Browser) -> Iterator[Modules]:
    """The modules in a page of their own; an error on the page is an error of the test."""
    with serving(module_server()) as address:
        context = browser.new_context(bypass_csp=True)
        page = context.new_page()
        page.goto(address)
        yield Modules(page)
        context.close()
