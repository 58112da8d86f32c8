"""The frame: what the navigation offers to whom, its tabs, how it folds, and what a telephone shows of it."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from conftest import open_user_menu
from pages import PAGES
from test_every_page import settle

ENTRIES = ["Today", "Alerts", "People", "Machines", "Breaches", "Response", "Coverage", "Dashboards", "Settings"]
TABS = {
    "/employees": ["All", "Exposed", "Without second factor", "Left"],
    "/scans": ["Scans", "Leak files", "Sources"],
    "/settings": ["Company", "People & directories", "Sources & keys", "Response", "Users", "API", "Audit"],
}
FOR_ADMINISTRATORS = ["Users", "Audit"]


def entries(page):
    return page.get_by_role("navigation", name="Main").get_by_role("link")


def tabs_of(page, path):
    page.goto(path)
    return page.get_by_role("main").get_by_role("navigation").filter(has=page.locator("a[aria-current=page]")).get_by_role("link")


def labels(links):
    return [text.strip() for text in links.locator(".nav-label").all_inner_texts()]


def test_the_entries_and_their_signs(page):
    page.goto("/")
    assert labels(entries(page)) == ENTRIES
    signs = entries(page).locator("use").evaluate_all("uses => uses.map((use) => use.getAttribute('href').split('#')[1])")
    assert len(set(signs)) == len(ENTRIES)
    expect(entries(page).filter(has_text="Today")).to_have_attribute("aria-current", "page")


def test_a_viewer_has_the_same_entries(open_page, viewer_session):
    page = open_page(viewer_session)
    page.goto("/")
    assert labels(entries(page)) == ENTRIES


@pytest.mark.parametrize("path", TABS)
@pytest.mark.parametrize("role", ["administrator", "viewer"])
def test_tabs_are_what_the_role_may_see_and_each_is_there(open_page, admin_session, viewer_session, path, role):
    page = open_page(admin_session if role == "administrator" else viewer_session)
    tabs = tabs_of(page, path)
    assert tabs.all_inner_texts() == [label for label in TABS[path] if role == "administrator" or label not in FOR_ADMINISTRATORS]
    places = [(link.inner_text(), link.get_attribute("href")) for link in tabs.all()]
    assert {place for _, place in places} <= set(PAGES.values())
    for label, place in places:
        assert page.goto(place).status == 200
        current = page.get_by_role("main").locator("nav a[aria-current=page]")
        expect(current).to_have_text(label)
        assert [link.inner_text() for link in tabs.all()] == [name for name, _ in places]
        # The entry is marked on each of its pages.
        expect(page.get_by_role("navigation", name="Main").locator("a[aria-current=page]")).to_have_count(1)


def test_tabs_of_people_show_whom_they_say(page, admin_api):
    page.goto("/employees")
    tabs = page.get_by_role("navigation", name="People").get_by_role("link")
    expect(page.get_by_role("heading", level=1)).to_have_text("People")
    tabs.filter(has_text="Exposed").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Exposed people")
    expect(page.get_by_role("link", name="Clear")).to_have_count(0)
    for row in page.get_by_role("table").get_by_role("row").all()[1:]:
        expect(row).to_contain_text("Exposed")
    tabs.filter(has_text="Without second factor").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("People without a second factor")
    tabs.filter(has_text="Left").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("People who have left")
    left = admin_api.get("/api/employees", params={"active": "false", "limit": 200}).json()["items"]
    expect(page.get_by_role("rowheader")).to_have_count(min(50, len(left)))


def test_each_page_below_an_entry_marks_it(look, admin_session, addresses):
    for name, entry in {
        "one alert": "Alerts", "one employee": "People", "staff list import": "People", "one machine": "Machines", "one breach": "Breaches",
        "one scan": "Coverage", "one reading": "Coverage", "one directory": "Settings", "settings of remediation": "Settings", "API": "Settings",
    }.items():
        page = look(addresses[name], admin_session).page
        assert labels(page.get_by_role("navigation", name="Main").locator("a[aria-current=page]")) == [entry], name


def test_every_page_begins_at_one_place_and_ends_where_it_can_be_read(look, admin_session, addresses):
    lefts = {}
    for name in PAGES:
        page = look(addresses[name], admin_session, width=2200, height=900).page
        settle(page)
        if not page.locator("nav[aria-label='Main']").count():
            continue
        box = page.locator(".page").bounding_box()
        lefts.setdefault(round(page.get_by_role("heading", level=1).bounding_box()["x"]), []).append(name)
        assert box["width"] <= 1600, name
        if not page.locator(".page > .filters, .table-wide").count():
            assert box["width"] <= 1216, name
        for form in page.locator("main form.form").locator("visible=true").all():
            assert form.bounding_box()["width"] <= 640 + 2 * 20, name
    assert len(lefts) == 1, lefts


def choose(page, name, *, scripts=True):
    """Presses a button of the frame, and waits until the server keeps the choice."""
    button = page.get_by_role("button", name=name, exact=True)
    if not scripts:
        button.click()
        return
    with page.expect_response(lambda answer: "/account/" in answer.url):
        button.click()


def side_width(page):
    return page.locator(".side").bounding_box()["width"]


@pytest.mark.parametrize("scripts", [True, False])
def test_the_navigation_folds_and_stays_so(open_page, admin_session, scripts):
    page = open_page(admin_session, scripts=scripts, width=1440)
    page.goto("/alerts")
    assert side_width(page) == 220
    choose(page, "Fold navigation", scripts=scripts)
    expect(page.get_by_role("button", name="Unfold navigation")).to_be_visible()
    assert side_width(page) == 56
    expect(page).to_have_url(re.compile("/alerts$"))
    page.goto("/employees")
    assert side_width(page) == 56
    # Its entries keep their names, and the user's menu has room beside it.
    link = page.get_by_role("navigation", name="Main").get_by_role("link", name="Breaches")
    expect(link).to_be_visible()
    word = link.locator(".nav-label")
    assert word.bounding_box()["width"] <= 1
    link.hover()
    expect(word).to_have_css("clip-path", "none")
    assert word.bounding_box()["x"] >= 56 and word.bounding_box()["width"] > 40
    page.locator(".side-foot summary").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert page.get_by_role("button", name="Sign out").bounding_box()["width"] > 120
    page.locator(".side-foot summary").click()
    choose(page, "Unfold navigation", scripts=scripts)
    expect(page.get_by_role("button", name="Fold navigation", exact=True)).to_be_visible()
    page.goto("/")
    assert side_width(page) == 220


def test_a_small_window_folds_it_until_somebody_unfolds_it(open_page, admin_session):
    page = open_page(admin_session, width=1024)
    page.goto("/")
    assert side_width(page) == 56
    choose(page, "Unfold navigation")
    expect(page.get_by_role("button", name="Fold navigation", exact=True)).to_be_focused()
    page.goto("/alerts")
    assert side_width(page) == 220


def test_a_telephone_has_a_bar_above_and_one_below(open_page, admin_session, admin_api):
    page = open_page(admin_session, width=390, height=844)
    page.goto("/")
    top = page.get_by_role("banner")
    expect(top).to_contain_text(admin_api.get("/api/company").json()["name"])
    assert top.bounding_box()["y"] == 0
    bar = page.get_by_role("navigation", name="Shortcuts")
    assert labels(bar.get_by_role("link")) == ["Today", "Alerts", "People"]
    bar.get_by_role("link", name="People", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("People")
    box = bar.bounding_box()
    # At the lower edge of the screen, also above a page that goes on below it.
    assert page.evaluate("document.documentElement.scrollHeight > innerHeight")
    assert abs(box["y"] + box["height"] - 844) <= 1 and box["width"] == 390
    for link in bar.get_by_role("link").all():
        assert link.bounding_box()["height"] >= 44
    # What is at the end of a page is not below the bar.
    page.keyboard.press("End")
    foot = page.locator(".page-foot")
    foot.scroll_into_view_if_needed()
    assert foot.bounding_box()["y"] + foot.bounding_box()["height"] <= bar.bounding_box()["y"] + 1


@pytest.mark.parametrize("path", ["/account/sessions", "/glossary"])
def test_a_short_page_on_a_telephone_begins_above_and_its_bar_is_below(open_page, admin_session, path):
    page = open_page(admin_session, width=390, height=1600)
    page.goto(path)
    settle(page)
    assert page.get_by_role("heading", level=1).bounding_box()["y"] < 120
    bar = page.get_by_role("navigation", name="Shortcuts").bounding_box()
    assert abs(bar["y"] + bar["height"] - 1600) <= 1


def test_a_wide_screen_has_no_bars(page):
    page.goto("/")
    expect(page.get_by_role("banner")).to_be_hidden()
    expect(page.locator(".bar")).to_be_hidden()


def test_the_words_are_explained_one_click_away(page):
    page.goto("/alerts")
    page.locator(".page-foot").get_by_role("link", name="What the words mean").click()
    terms = page.get_by_role("term")
    for word in ("Live", "Neutralised", "Exposed", "Coverage", "Limit"):
        expect(terms.filter(has_text=re.compile(f"^{word}$"))).to_have_count(1)
    open_user_menu(page)
    expect(page.get_by_role("link", name="What the words mean").first).to_be_visible()


class TestErrors:
    def test_a_viewer_is_told_who_may_and_whom_to_ask(self, open_page, viewer_session, admin_api):
        page = open_page(viewer_session, color_scheme="light")
        page.watch.expect(403)
        users = admin_api.get("/api/users", params={"limit": 50}).json()["items"]
        administrators = sorted(user["name"] or user["email"] for user in users if user["role"] == "ADMIN" and not user.get("disabledAt"))
        for path, words in {
            "/users": "Only administrators manage users.",
            "/audit": "Only administrators read the audit trail.",
            "/employees/new": "Only administrators change the list of people.",
            "/directories/new": "Only administrators manage directories and keys.",
        }.items():
            assert page.goto(path).status == 403
            main = page.get_by_role("main")
            expect(main.get_by_role("heading", level=1)).to_have_text("You cannot open this")
            expect(main).to_contain_text(words)
            expect(main).to_contain_text(f"Yours: {administrators[0]}")
            assert not re.search(r"[a-z]+:[a-z]+\b", main.inner_text().replace("Yours:", "")), "a permission's name"

    @pytest.mark.parametrize("status", [403, 404, 409])
    def test_an_error_stays_in_the_frame(self, open_page, viewer_session, admin_session, admin_api, status):
        page = open_page(viewer_session if status == 403 else admin_session)
        page.watch.expect(status)
        page.goto("/")
        open_user_menu(page)
        choose(page, "Dark")
        if status == 409:
            # The page was opened before somebody else acknowledged the alert.
            alert = admin_api.get("/api/alerts", params={"limit": 1, "status": "OPEN"}).json()["items"][0]
            page.goto(f"/alerts/{alert['id']}")
            assert admin_api.patch(f"/api/alerts/{alert['id']}", data={"status": "ACKNOWLEDGED"}).ok
            page.get_by_role("button", name="Acknowledge").click()
        else:
            assert page.goto({403: "/users", 404: "/no-such-page"}[status]).status == status
        assert labels(entries(page)) == ENTRIES
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(page.get_by_role("complementary")).to_contain_text(admin_api.get("/api/company").json()["name"])
        expect(page.get_by_role("heading", level=1)).to_be_visible()
