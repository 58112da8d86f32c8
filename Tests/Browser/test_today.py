"""The first page: who must act first, and why; and the queue of alerts behind it."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import expect


def number(text: str) -> int:
    return int(re.search(r"[\d,]+", text).group().replace(",", ""))


def length_of(api, address: str) -> int:
    """How many alerts the list behind a link has, by the API with the same filters."""
    query = dict(parse_qsl(urlsplit(address).query))
    query.pop("view", None)
    total, cursor = 0, None
    while True:
        answer = api.get("/api/alerts", params={**query, "limit": 200, **({"cursor": cursor} if cursor else {})})
        assert answer.ok, answer.text()
        page = answer.json()
        total, cursor = total + len(page["items"]), page.get("nextCursor")
        if not cursor:
            return total


def test_the_first_person_and_the_reason_stand_on_top(page, admin_api):
    page.goto("/")
    known = admin_api.get("/api/today").json()
    assert known["actFirst"], "Nobody of the demo has to act."
    expect(page.get_by_role("heading", level=1)).to_contain_text("still works")
    first = page.get_by_role("region", name="Act first").get_by_role("listitem").first
    expect(first).to_contain_text(known["actFirst"][0]["name"])
    expect(first).to_contain_text(known["actFirst"][0]["why"]["lead"])
    first.get_by_role("link", name=re.compile("^Open")).click()
    expect(page).to_have_url(re.compile(f"/alerts/{known['actFirst'][0]['alertId']}$"))


def test_every_number_is_the_length_of_the_list_behind_it(page, admin_api):
    page.goto("/")
    findings = page.get_by_role("region", name=re.compile("^What the .* open findings? (is|are)"))
    counted = 0
    for part in findings.get_by_role("listitem").all():
        link = part.get_by_role("link").first
        shown = number(part.get_by_role("strong").inner_text())
        assert shown == length_of(admin_api, link.get_attribute("href")), link.inner_text()
        counted += shown
    assert counted == number(findings.get_by_role("heading").inner_text())
    since = page.get_by_role("region", name=re.compile("^(Since|In the last)"))
    lines = since.get_by_role("listitem").filter(has=page.get_by_role("link"))
    assert lines.count() == 3
    for line in lines.all():
        href = line.get_by_role("link").get_attribute("href")
        assert number(line.inner_text().split("\n")[-1]) == length_of(admin_api, href), line.inner_text()
    machines = page.get_by_role("region", name="Infected machines")
    expect(machines.get_by_role("listitem").first).to_be_visible()
    open_machines = admin_api.get("/api/machines", params={"open": "true", "limit": 200}).json()["items"]
    assert admin_api.get("/api/today").json()["machines"]["count"] == len(open_machines)


def test_the_navigation_counts_what_is_live_and_open(page, admin_api):
    page.goto("/employees")
    known = admin_api.get("/api/today").json()
    navigation = page.get_by_role("navigation", name="Main")
    expect(navigation.get_by_role("link", name=re.compile("^Today"))).to_contain_text(str(known["liveCertain"]))
    expect(navigation.get_by_role("link", name=re.compile("^Alerts"))).to_contain_text(str(length_of(admin_api, "/alerts?status=OPEN")))
    expect(navigation.get_by_role("link", name=re.compile("^Machines"))).to_contain_text(str(known["machines"]["count"]))


def test_what_cannot_be_seen_leads_to_the_people(page, admin_api):
    page.goto("/")
    blind = page.get_by_role("region", name="What we cannot see")
    known = admin_api.get("/api/today").json()["blind"]
    line = blind.get_by_role("listitem").filter(has_text="People outside a directory")
    expect(line).to_contain_text(f"{known['outsideDirectory']:,} of {known['people']:,}")
    line.get_by_role("link").click()
    expect(page.get_by_text("Outside a directory")).to_be_visible()
    query = {"active": "true", "inDirectory": "false", "limit": 200}
    assert len(admin_api.get("/api/employees", params=query).json()["items"]) == known["outsideDirectory"]


def test_from_the_first_page_to_a_dry_run_is_one_click(page, admin_api):
    admin_api.patch("/api/remediation/settings", data={"enabled": True})
    try:
        page.goto("/")
        first = page.get_by_role("region", name="Act first").get_by_role("listitem").first
        first.get_by_role("button").first.click()
        expect(page.get_by_role("link", name="Dry run").or_(page.get_by_text("Dry run"))).to_be_visible()
        page.get_by_role("link", name="Cancel").click()
        expect(page).to_have_title("Today · DataShield")
    finally:
        admin_api.patch("/api/remediation/settings", data={"enabled": False})
    page.goto("/")
    expect(page.get_by_role("region", name="Act first").get_by_role("link", name="Switch on remediation to act here").first).to_be_visible()


def test_where_nothing_is_to_do_all_is_resolved_and_opened_again(page, admin_api):
    before = length_of(admin_api, "/alerts?status=OPEN&liveness=NO_CREDENTIAL")
    assert before > 0, "The demo has no finding without a credential."
    page.goto("/")
    page.get_by_role("link", name="Resolve all: No credential").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Resolve {before:,} alerts?")
    page.get_by_role("button", name=f"Resolve {before:,}").click()
    expect(page.get_by_role("status")).to_contain_text(f"{before:,} alerts are resolved.")
    assert length_of(admin_api, "/alerts?status=OPEN&liveness=NO_CREDENTIAL") == 0
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text(f"{before:,} alerts are open again.")
    assert length_of(admin_api, "/alerts?status=OPEN&liveness=NO_CREDENTIAL") == before


def test_a_viewer_is_shown_no_control_that_would_be_refused(open_page, viewer_session):
    page = open_page(viewer_session)
    page.goto("/")
    first = page.get_by_role("region", name="Act first")
    expect(first.get_by_role("listitem").first).to_be_visible()
    expect(first.get_by_role("button")).to_have_count(0)
    expect(first.get_by_role("link", name="Switch on remediation to act here")).to_have_count(0)


@pytest.mark.parametrize("view", ["Act first", "Today", "Not known", "Unassigned", "Done", "All"])
def test_a_view_has_as_many_alerts_as_its_tab_says(page, view):
    page.goto("/alerts")
    tab = page.get_by_role("navigation", name="Views").get_by_role("link", name=re.compile(f"^{view} "))
    count = number(tab.inner_text().split()[-1])
    tab.click()
    expect(page.get_by_role("navigation", name="Views").locator("[aria-current=page]")).to_contain_text(view)
    if count == 0:
        expect(page.get_by_role("main").get_by_role("table")).to_have_count(0)
        return
    rows = page.get_by_role("table").get_by_role("rowheader")
    assert rows.count() == min(count, 50)


def test_a_view_keeps_its_filter_when_it_is_narrowed_down(page):
    page.goto("/alerts?view=not-known")
    page.get_by_role("combobox", name="Severity").select_option("CRITICAL")
    expect(page).to_have_url(re.compile("severity=CRITICAL"))
    expect(page.get_by_role("navigation", name="Views").locator("[aria-current=page]")).to_contain_text("Not known")
    for row in page.get_by_role("table").get_by_role("row").all()[1:]:
        expect(row).to_contain_text("Not known")
        expect(row).to_contain_text("Critical")


def unresolved(admin_api, view: str, count: int) -> list[dict]:
    items = admin_api.get("/api/alerts", params={"view": view, "status": "OPEN", "limit": count}).json()["items"]
    assert len(items) == count, f"The demo has fewer than {count} alerts in {view}."
    return items


def test_twenty_alerts_are_triaged_by_keyboard_without_loading_a_page(page, admin_api):
    *alerts, following = unresolved(admin_api, "not-known", 21)
    page.goto("/alerts?view=not-known&status=OPEN")
    loads = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    page.keyboard.press("j")
    current = page.locator("tr[data-current]")
    expect(current).to_have_attribute("data-id", alerts[0]["id"])
    for number in range(20):
        page.keyboard.press("e")
        row = page.locator(f"tr[data-id={alerts[number]['id']}]")
        expect(row).to_have_attribute("data-status", "ACKNOWLEDGED")
        expect(row).to_contain_text("Acknowledged")
        expect(row).to_contain_text("Dana Demo")
    assert loads == []
    for alert in alerts:
        assert admin_api.get(f"/api/alerts/{alert['id']}").json()["status"] == "ACKNOWLEDGED"
    expect(current).to_have_attribute("data-id", following["id"])
    page.keyboard.press("u")
    expect(page.locator(f"tr[data-id={alerts[19]['id']}]")).to_have_attribute("data-status", "OPEN")
    for alert in alerts[:19]:
        admin_api.patch(f"/api/alerts/{alert['id']}", data={"status": "RESOLVED"})
        admin_api.patch(f"/api/alerts/{alert['id']}", data={"status": "OPEN"})


def test_what_is_acknowledged_already_is_gone_past(page, admin_api):
    first, second = unresolved(admin_api, "not-known", 2)
    admin_api.patch(f"/api/alerts/{first['id']}", data={"status": "ACKNOWLEDGED"})
    page.goto("/alerts?view=not-known")
    page.locator(f"tr[data-id={first['id']}] th a").wait_for()
    while page.locator("tr[data-current]").count() == 0 or page.locator("tr[data-current]").get_attribute("data-id") != first["id"]:
        page.keyboard.press("j")
    page.keyboard.press("e")
    expect(page.locator("tr[data-current]")).not_to_have_attribute("data-id", first["id"])
    assert admin_api.get(f"/api/alerts/{second['id']}").json()["status"] == "OPEN"
    admin_api.patch(f"/api/alerts/{first['id']}", data={"status": "OPEN"})


def test_what_is_live_is_resolved_by_key_only_when_confirmed(page, admin_api):
    page.watch.expect(409)
    alert = unresolved(admin_api, "act-first", 1)[0]
    page.goto("/alerts")
    page.keyboard.press("j")
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("still works")
    assert admin_api.get(f"/api/alerts/{alert['id']}").json()["status"] == alert["status"]
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.locator(f"tr[data-id={alert['id']}]")).to_have_attribute("data-status", alert["status"])


def test_keys_can_be_switched_off(page):
    page.goto("/alerts?view=all")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys of this list")
    sheet.get_by_role("checkbox").uncheck()
    sheet.get_by_role("button", name="Close").click()
    page.keyboard.press("j")
    expect(page.locator("tr[data-current]")).to_have_count(0)
    page.get_by_role("button", name="Keys").click()
    sheet.get_by_role("checkbox").check()
    sheet.get_by_role("button", name="Close").click()
    page.keyboard.press("j")
    expect(page.locator("tr[data-current]")).to_have_count(1)


def test_a_key_in_a_field_is_a_letter(page):
    page.goto("/alerts?view=all")
    page.get_by_role("searchbox").press_sequentially("jek")
    expect(page.get_by_role("searchbox")).to_have_value("jek")
    expect(page.locator("tr[data-current]")).to_have_count(0)


def test_a_viewer_goes_through_the_list_by_keyboard(open_page, viewer_session):
    page = open_page(viewer_session)
    page.goto("/alerts?view=all")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("tr[data-current]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/alerts/c[a-z0-9]{24}"))
