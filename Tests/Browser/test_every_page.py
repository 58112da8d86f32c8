"""What holds for every page: accessible, quiet, steady, and usable on a narrow screen."""

from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from pages import PAGES, address_of

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def settle(page: Page) -> None:
    """Waits until the page has its fonts and has been painted."""
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready.then(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))")


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}}).response["violations"]
    return [f"{violation['id']}: {violation['help']}: {node['html'][:200]}" for violation in found for node in violation["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_accessible(open_page, admin_session, admin_api, name, scheme):
    page = open_page(admin_session, color_scheme=scheme)
    answer = page.goto(address_of(name, admin_api))
    assert answer.status == 200
    settle(page)
    assert violations(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_accessible_on_a_narrow_screen(open_page, admin_session, admin_api, name):
    page = open_page(admin_session, width=360, height=740)
    page.goto(address_of(name, admin_api))
    settle(page)
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_sign_in_accessible(open_page, scheme):
    page = open_page(color_scheme=scheme)
    page.goto("/login")
    settle(page)
    assert violations(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_sideways_scrolling_on_the_narrowest_screen(open_page, admin_session, admin_api, name):
    page = open_page(admin_session, width=360, height=740)
    page.goto(address_of(name, admin_api))
    settle(page)
    wide = page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] :
            [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
                .map((element) => element.outerHTML.slice(0, 120))"""
    )
    assert wide == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_moves_while_it_loads(open_page, admin_session, admin_api, name, width):
    page = open_page(admin_session, width=width)
    page.goto(address_of(name, admin_api))
    settle(page)
    assert page.evaluate("window.layoutShifts") == []


@pytest.mark.parametrize("name", PAGES)
def test_one_heading_a_title_and_a_place_in_the_navigation(page, admin_api, name):
    page.goto(address_of(name, admin_api))
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert page.title().endswith("· DataShield")
    assert page.title() != "· DataShield"


def test_the_navigation_leads_to_pages_that_are_tested(page):
    page.goto("/")
    addresses = page.get_by_role("navigation", name="Main").get_by_role("link").evaluate_all("links => links.map((link) => link.href)")
    paths = {urlsplit(address).path for address in addresses}
    assert paths, "the navigation is empty"
    assert paths <= set(PAGES.values())


def test_an_unknown_page_says_so(page):
    page.watch.expect(404)
    answer = page.goto("/no-such-page")
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert violations(page) == []
