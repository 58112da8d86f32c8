import re

from playwright.sync_api import expect

from pages import alert_with_status


def test_the_dashboard_shows_key_metrics(page, admin_api):
    page.goto("/dashboards")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard")
    metrics = page.get_by_role("region", name="Key metrics")
    expect(metrics.get_by_role("link").first).to_be_visible()
    known = admin_api.get("/api/dashboard").json()["metrics"]
    for count in (known["people"], known["openAlerts"]):
        expect(metrics).to_contain_text(f"{count:,}")
    for title in ("Incident timeline", "Alert severity", "Top employees at risk", "Recent alerts", "Department exposure"):
        expect(page.get_by_role("heading", name=title)).to_be_visible()


def test_the_dashboard_explains_the_company_score(page, admin_api):
    page.goto("/dashboards")
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
    page.goto("/alerts?view=all")
    page.get_by_role("combobox", name="Severity").select_option("CRITICAL")
    expect(page).to_have_url(re.compile("severity=CRITICAL"))
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Critical")


def test_several_alerts_are_resolved_together(page, admin_api):
    page.goto("/alerts?status=OPEN&liveness=NO_CREDENTIAL,UNKNOWN")
    boxes = page.get_by_role("checkbox", name=re.compile("^Select: "))
    chosen = [boxes.nth(index).get_attribute("value") for index in range(3)]
    for index in range(3):
        boxes.nth(index).check()
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("3 alerts are now resolved")
    for identifier in chosen:
        assert admin_api.get(f"/api/alerts/{identifier}").json()["status"] == "RESOLVED"


def test_what_still_works_is_resolved_only_when_confirmed(page, admin_api):
    alert = admin_api.get("/api/alerts", params={"liveness": "LIVE", "status": "OPEN", "limit": 1}).json()["items"][0]
    page.goto(f"/alerts/{alert['id']}")
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Resolve it although it still works?")
    assert admin_api.get(f"/api/alerts/{alert['id']}").json()["status"] == "OPEN"
    page.get_by_role("link", name="Cancel").click()
    expect(page).to_have_url(re.compile(f"/alerts/{alert['id']}$"))

    page.goto("/alerts?status=OPEN&liveness=LIVE")
    boxes = page.get_by_role("checkbox", name=re.compile("^Select: "))
    chosen = [boxes.nth(index).get_attribute("value") for index in range(2)]
    for index in range(2):
        boxes.nth(index).check()
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("2 of the 2 alerts are about something that still works")
    page.get_by_role("button", name="Resolve all 2").click()
    expect(page.get_by_role("status")).to_contain_text("2 alerts are now resolved")
    for identifier in chosen:
        assert admin_api.get(f"/api/alerts/{identifier}").json()["status"] == "RESOLVED"
        # The other tests find them as they were.
        admin_api.patch(f"/api/alerts/{identifier}", data={"status": "OPEN"})


def test_a_stealer_log_whose_passwords_are_withheld_is_not_called_harmless(page, admin_api):
    found = admin_api.get("/api/alerts", params={"q": "Stealer logs (HIBP)", "limit": 1}).json()["items"]
    assert found, "The demo has nobody in HIBP's stealer logs."
    detail = admin_api.get(f"/api/alerts/{found[0]['id']}").json()
    assert detail["liveness"]["state"] == "UNKNOWN"
    assert detail["liveness"]["reason"] == "CREDENTIALS_WITHHELD"
    assert detail["liveness"]["sites"], "The sites are the evidence."
    page.goto(f"/alerts/{found[0]['id']}")
    main = page.get_by_role("main")
    expect(main).to_contain_text("The service does not pass passwords on")
    expect(main).not_to_contain_text("nobody can sign in with it")
    expect(main).to_contain_text(detail["liveness"]["sites"][0]["host"])
    page.goto(f"/employees/{detail['employeeId']}")
    expect(page.get_by_role("main")).to_contain_text(detail["liveness"]["sites"][0]["host"])
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()


def test_the_next_page_of_a_list_shows_others(page):
    page.goto("/alerts?view=all")
    links = page.get_by_role("table").get_by_role("rowheader").get_by_role("link")
    first = links.evaluate_all("links => links.map((link) => link.href)")
    page.get_by_role("navigation", name="Pages of this list").get_by_role("link", name="Next").click()
    expect(page).to_have_url(re.compile("cursor="))
    second = links.evaluate_all("links => links.map((link) => link.href)")
    assert second
    assert not set(first) & set(second)
