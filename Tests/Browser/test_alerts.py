import re

from playwright.sync_api import expect

from pages import alert_with_status


def test_the_dashboard_shows_key_metrics(page, admin_api):
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard")
    metrics = page.get_by_role("region", name="Key metrics")
    expect(metrics.get_by_role("link").first).to_be_visible()
    known = admin_api.get("/api/dashboard").json()["metrics"]
    for count in (known["people"], known["openAlerts"]):
        expect(metrics).to_contain_text(f"{count:,}")
    for title in ("Incident timeline", "Alert severity", "Top employees at risk", "Recent alerts", "Department exposure"):
        expect(page.get_by_role("heading", name=title)).to_be_visible()


def test_the_dashboard_explains_the_company_score(page, admin_api):
    page.goto("/")
    risk = admin_api.get("/api/company/risk").json()
    explained = page.get_by_role("region", name=f"Why the score is {risk['score']}")
    parts = [float(re.search(r"([\d.]+) of [\d.]+\s*$", item.inner_text()).group(1)) for item in explained.get_by_role("listitem").all()]
    assert len(parts) == 3 and abs(sum(parts) - risk["score"]) <= 0.5 + 3 * 0.05
    expect(explained).to_contain_text(risk["nextStep"]["text"])
    explained.get_by_role("link", name="Show the person").click()
    expect(page).to_have_url(re.compile(risk["nextStep"]["employeeId"]))


def test_an_alert_is_opened_and_acknowledged(page, admin_api, demo):
    page.goto("/alerts?status=OPEN")
    page.get_by_role("table").get_by_role("rowheader").first.get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"/alerts/c[a-z0-9]{24}"))
    identifier = page.url.rsplit("/", 1)[1].split("?")[0]
    expect(page.get_by_role("heading", name="What was exposed")).to_be_visible()

    page.get_by_role("button", name="Acknowledge").click()

    expect(page.get_by_role("status")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Acknowledged")
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    assert admin_api.get(f"/api/alerts/{identifier}").json()["status"] == "ACKNOWLEDGED"

    page.goto("/audit")
    expect(page.get_by_role("main")).to_contain_text(demo.admin.email)
    event = admin_api.get("/api/audit", params={"limit": 1, "target": identifier}).json()["items"][0]
    assert event["after"]["status"] == "ACKNOWLEDGED"


def test_a_comment_is_kept_as_it_was_written(page, admin_api):
    alert = alert_with_status(admin_api, "OPEN")
    text = "Called <b>her</b> & reset the password: \"done\" ✓"
    page.goto(f"/alerts/{alert['id']}")
    page.get_by_label("Add a comment").fill(text)
    page.get_by_role("button", name="Comment").click()
    expect(page.get_by_text(text)).to_be_visible()


def test_alerts_are_filtered_without_pressing_a_button(page):
    page.goto("/alerts")
    page.get_by_role("combobox", name="Severity").select_option("CRITICAL")
    expect(page).to_have_url(re.compile("severity=CRITICAL"))
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Critical")


def test_several_alerts_are_resolved_together(page, admin_api):
    page.goto("/alerts?status=OPEN")
    boxes = page.get_by_role("checkbox", name=re.compile("^Select: "))
    chosen = [boxes.nth(index).get_attribute("value") for index in range(3)]
    for index in range(3):
        boxes.nth(index).check()
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("3 alerts are now resolved")
    for identifier in chosen:
        assert admin_api.get(f"/api/alerts/{identifier}").json()["status"] == "RESOLVED"


def test_the_next_page_of_a_list_shows_others(page):
    page.goto("/alerts")
    links = page.get_by_role("table").get_by_role("rowheader").get_by_role("link")
    first = links.evaluate_all("links => links.map((link) => link.href)")
    page.get_by_role("navigation", name="Pages of this list").get_by_role("link", name="Older").click()
    expect(page).to_have_url(re.compile("cursor="))
    second = links.evaluate_all("links => links.map((link) => link.href)")
    assert second
    assert not set(first) & set(second)
