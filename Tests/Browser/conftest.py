"""Fixtures: one demo and one browser for all tests, a fresh page for each, and pages that are only looked at."""

import os
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import APIRequestContext, Browser, BrowserContext, Page, Response, expect, sync_playwright

from pages import Addresses
from server import Account, Demo
from watch import INIT_SCRIPT, Watch

# A debug build on two cores, and Chromium beside it.
expect.set_options(timeout=15_000)

VIEWER = Account("viewer@acme.example", "a viewer of the browser tests")


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    running = Demo(os.environ["DATASHIELD_PROGRAM"])
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium-headless-shell"),
            # Chromium's own sandbox does not work for root.
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        yield chromium
        chromium.close()


def sign_in(page: Page, account: Account) -> None:
    page.goto("/login")
    page.get_by_label("E-mail").fill(account.email)
    page.get_by_label("Password", exact=True).fill(account.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"^(?!.*/login)"))


def open_user_menu(page: Page) -> None:
    """The menu under one's own name, at the end of the navigation."""
    page.locator("summary").filter(has_text=re.compile("Administrator|Viewer", re.I)).click()


def session_of(demo: Demo, browser: Browser, account: Account) -> dict:
    context = browser.new_context(base_url=demo.url)
    try:
        page = context.new_page()
        sign_in(page, account)
        return context.storage_state()
    finally:
        context.close()


@pytest.fixture(scope="session")
def admin_session(demo: Demo, browser: Browser) -> dict:
    return session_of(demo, browser, demo.admin)


@pytest.fixture(scope="session")
def admin_api(demo: Demo, browser: Browser, admin_session: dict) -> Iterator[APIRequestContext]:
    """The JSON API with the administrator's session."""
    context = browser.new_context(base_url=demo.url, storage_state=admin_session)
    yield context.request
    context.close()


@pytest.fixture(scope="module")
def addresses(admin_api: APIRequestContext) -> Addresses:
    """Where the pages are: asked once in a module whose tests only look at them."""
    return Addresses(admin_api)


@pytest.fixture(scope="session")
def viewer_session(demo: Demo, browser: Browser, admin_api: APIRequestContext) -> dict:
    answer = admin_api.post(
        "/api/users", data={"email": VIEWER.email, "name": "Vera Viewer", "role": "VIEWER", "password": VIEWER.password}
    )
    assert answer.ok, answer.text()
    # Whoever was given a password chooses another first.
    chosen = "a password of her own choice"
    context = browser.new_context(base_url=demo.url)
    try:
        page = context.new_page()
        sign_in(page, VIEWER)
        assert page.url.endswith("/account/password")
        page.get_by_label("Current password").fill(VIEWER.password)
        page.get_by_label("New password").fill(chosen)
        page.get_by_role("button", name="Change password").click()
        page.wait_for_url(re.compile("^(?!.*/account/password)"))
        return context.storage_state()
    finally:
        context.close()


@pytest.fixture
def open_page(demo: Demo, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Makes pages in contexts of their own, watches them, and fails the test when anything went wrong unseen.

    `page.watch.expect(403)` says that an answer of that status belongs to the test.
    """
    contexts: list[BrowserContext] = []
    watches: list[Watch] = []

    def make(session: dict | None = None, *, scripts: bool = True, width: int = 1280, height: int = 800, **options) -> Page:
        context = browser.new_context(
            base_url=demo.url,
            storage_state=session,
            java_script_enabled=scripts,
            viewport={"width": width, "height": height},
            **options,
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        if scripts:
            context.add_init_script(INIT_SCRIPT)
        page = context.new_page()
        page.watch = Watch(page, demo.url)
        watches.append(page.watch)
        return page

    yield make
    problems = [problem for watch in watches for problem in watch.problems]
    for context in contexts:
        context.close()
    assert not problems, "\n".join(problems)


class Look:
    """A page that was loaded only to be looked at, and what the server answered."""

    def __init__(self, page: Page, answer: Response, kept: dict):
        self.page, self.answer, self.kept = page, answer, kept

    def problems(self) -> list[str]:
        left = self.page.context.storage_state() != self.kept
        return self.page.watch.problems + ([f"it leaves something behind in the browser: {self.page.url}"] if left else [])


class Looks:
    """Contexts in which many pages are looked at, one for each session and variant, with a tab for each page.

    No page finds anything of the one before it: what it would leave in the browser is a problem of its own, and it is loaded without a cache.
    """

    def __init__(self, browser: Browser, origin: str):
        self.browser, self.origin = browser, origin
        self.contexts: dict[tuple, tuple[BrowserContext, dict]] = {}

    def load(
        self, address: str, session: dict | None = None, *, scripts: bool = True, width: int = 1280, height: int = 800
    ) -> Look:
        """Loads a page, which may not be acted on."""
        key = (id(session), scripts, width, height)
        if key not in self.contexts:
            context = self.browser.new_context(
                base_url=self.origin, storage_state=session, java_script_enabled=scripts, viewport={"width": width, "height": height}
            )
            context.set_default_timeout(15_000)
            if scripts:
                context.add_init_script(INIT_SCRIPT)
            self.contexts[key] = (context, context.storage_state())
        context, kept = self.contexts[key]
        page = context.new_page()
        page.watch = Watch(page, self.origin)
        context.new_cdp_session(page).send("Network.clearBrowserCache")
        return Look(page, page.goto(address), kept)

    def end(self) -> None:
        for context, _ in self.contexts.values():
            context.close()


@pytest.fixture(scope="session")
def looks(demo: Demo, browser: Browser) -> Iterator[Looks]:
    looks = Looks(browser, demo.url)
    yield looks
    looks.end()


@pytest.fixture
def look(looks: Looks) -> Iterator[Callable[..., Look]]:
    """`Looks.load`, which fails the test when anything went wrong unseen."""
    taken: list[Look] = []

    def load(*arguments, **options) -> Look:
        taken.append(looks.load(*arguments, **options))
        return taken[-1]

    yield load
    problems = [problem for one in taken for problem in one.problems()]
    for one in taken:
        one.page.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def page(open_page: Callable[..., Page], admin_session: dict) -> Page:
    """A page of the signed-in administrator."""
    return open_page(admin_session)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests with odd input come last: what they leave behind would puzzle the others."""
    items.sort(key=lambda item: item.path.name == "test_api.py")
