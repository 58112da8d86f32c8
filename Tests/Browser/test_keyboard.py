"""Everything with the keyboard alone."""

import re

from playwright.sync_api import Page, expect

# More presses than any page has stops before its content.
PATIENCE = 80


def focused(page: Page) -> str:
    return page.evaluate(
        """() => { const element = document.activeElement;
            return element.getAttribute("aria-label") || element.innerText || element.value || element.tagName }"""
    ).strip()


def tab_to(page: Page, wanted: str) -> None:
    seen = []
    for _ in range(PATIENCE):
        page.keyboard.press("Tab")
        seen.append(focused(page))
        if re.search(wanted, seen[-1]):
            assert is_focus_visible(page), f"{seen[-1]} does not show that it has the focus"
            return
    raise AssertionError(f"the Tab key does not reach {wanted}: {seen}")


def is_focus_visible(page: Page) -> bool:
    return page.evaluate(
        """() => { const style = getComputedStyle(document.activeElement);
            return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none" }"""
    )


def test_the_first_stop_skips_the_navigation(page):
    page.goto("/alerts")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_navigation(page):
    page.goto("/")
    tab_to(page, r"^Breaches")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Breaches")


def test_an_alert_is_acknowledged(page, admin_api):
    page.goto("/alerts?status=OPEN")
    name = page.get_by_role("table").get_by_role("rowheader").first.get_by_role("link").inner_text()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    tab_to(page, f"^{re.escape(name)}$")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/alerts/c[a-z0-9]{24}"))
    identifier = page.url.rsplit("/", 1)[1]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    tab_to(page, r"^Acknowledge$")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_be_visible()
    assert admin_api.get(f"/api/alerts/{identifier.split('?')[0]}").json()["status"] == "ACKNOWLEDGED"


def test_the_menu_on_a_narrow_screen(open_page, admin_session):
    page = open_page(admin_session, width=360, height=740)
    page.goto("/")
    page.get_by_role("button", name="Open navigation").focus()
    page.keyboard.press("Enter")
    link = page.get_by_role("navigation", name="Main").get_by_role("link", name="Alerts")
    expect(link).to_be_visible()
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
