"""One Chromium a test run; a fresh context, with nothing stored, for each page."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.chromium import PHONE, Window, launch

# The town of the web tests serves here too.
from tests.web.conftest import (  # noqa: F401
    desk,
    frozen_desk,
    frozen_town,
    open_folder,
    passphrase,
    published_desk,
    published_folder,
    shared_desk,
)

NewContext = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A running Chromium, installed if need be."""
    with sync_playwright() as playwright:
        try:
            started = launch(playwright)
        except RuntimeError as error:
            pytest.fail(str(error))
        yield started
        started.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[NewContext]:
    """``new_context(window=PHONE, language="fr", **options)``: closed after the test."""
    opened: list[BrowserContext] = []

    def make(window: Window = PHONE, language: str = "fr", **options: Any) -> BrowserContext:
        context = browser.new_context(**{"locale": language, **window.options(), **options})
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()
