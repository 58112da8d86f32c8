"""Remediation: its settings, protected people, the dry run with its reasons, and the log."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def enabled(admin_api):
    """Remediation switched on for one test, with nobody protected before and after."""
    answer = admin_api.patch("/api/remediation/settings", data={"enabled": True})
    assert answer.ok, answer.text()
    yield
    for person in admin_api.get("/api/remediation/protected").json()["items"]:
        admin_api.delete(f"/api/remediation/protected/{person['employeeId']}")
    admin_api.patch("/api/remediation/settings", data={"enabled": False, "policies": []})


def some_alert(admin_api) -> dict:
    return admin_api.get("/api/alerts", params={"limit": 1}).json()["items"][0]


def test_it_is_off_until_an_administrator_switches_it_on(page, admin_api):
    alert = some_alert(admin_api)
    page.goto(f"/alerts/{alert['id']}")
    expect(page.get_by_role("heading", name="State", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Revoke sessions")).to_have_count(0)
    page.goto("/remediation")
    expect(page.get_by_role("main")).to_contain_text("Remediation is off")

    page.get_by_role("link", name="Settings", exact=True).and_(page.locator(".page-actions a")).click()
    page.get_by_label("Remediation", exact=True).select_option("true")
    page.get_by_label("At most … people").fill("7")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("saved")

    settings = admin_api.get("/api/remediation/settings").json()
    assert settings["enabled"] is True and settings["capPeople"] == 7
    page.goto(f"/alerts/{alert['id']}")
    expect(page.get_by_role("button", name="Revoke sessions")).to_be_visible()
    admin_api.patch("/api/remediation/settings", data={"enabled": False, "capPeople": 10})


def test_a_cap_that_cannot_be_is_refused_by_name(page, enabled):
    page.watch.expect(422)
    page.goto("/remediation/settings")
    page.get_by_label("At most … %").fill("200")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("main")).to_contain_text("must be more than 0 and at most 100")


def test_a_person_is_protected_and_the_dry_run_says_so(page, admin_api, enabled):
    alert = some_alert(admin_api)
    page.goto("/remediation/settings")
    page.get_by_label("Address").fill(alert["employeeEmail"])
    page.get_by_label("Reason").fill("Break-glass account")
    page.get_by_role("button", name="Protect").click()
    expect(page.get_by_role("table", name="Protected people")).to_contain_text(alert["employeeEmail"])

    page.goto(f"/alerts/{alert['id']}")
    page.get_by_role("button", name="Revoke sessions").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Revoke sessions")
    expect(page.get_by_role("main")).to_contain_text("Nothing would happen")
    expect(page.get_by_role("main")).to_contain_text("Break-glass account")
    expect(page.get_by_role("button", name="Revoke sessions now")).to_have_count(0)
    page.get_by_role("link", name="Cancel").click()
    expect(page).to_have_url(re.compile(f"/alerts/{alert['id']}$"))

    page.goto("/remediation/settings")
    page.get_by_role("button", name=re.compile("^Remove the protection of")).click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("main")).to_contain_text("Nobody yet")


def test_a_selection_leads_to_a_dry_run(page, admin_api, enabled):
    before = admin_api.get("/api/remediation").json()["items"]
    page.goto("/alerts?view=all")
    boxes = page.get_by_role("checkbox", name=re.compile("^Select: "))
    for index in range(3):
        boxes.nth(index).check()
    page.get_by_role("button", name="Force password reset").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Force a password reset")
    # The demo is connected to a stand-in of Okta, which could do it; that it is a dry run, nobody's account shows.
    expect(page.get_by_role("table", name="Accounts that would be acted on")).to_contain_text("Okta")
    page.get_by_role("link", name="Cancel").click()
    assert admin_api.get("/api/remediation").json()["items"] == before


def test_a_policy_is_added_and_removed(page, admin_api, enabled):
    page.goto("/remediation/settings")
    page.get_by_role("button", name="Dry run, then add").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Critical with a stolen session: revoke sessions")
    expect(page.get_by_role("main")).to_contain_text("today")
    assert admin_api.get("/api/remediation/settings").json()["policies"] == []
    page.get_by_role("button", name="Add policy").click()
    expect(page.get_by_role("table", name="Automatic policies")).to_contain_text("Critical with a stolen session: revoke sessions")
    assert len(admin_api.get("/api/remediation/settings").json()["policies"]) == 1
    page.get_by_role("button", name=re.compile("^Remove the policy")).click()
    expect(page.get_by_role("main")).to_contain_text("nothing happens unless somebody asks for it")


def test_the_log_has_filters_and_a_file(page):
    page.goto("/remediation")
    page.get_by_role("combobox", name="Action").select_option("REVOKE_SESSIONS")
    expect(page).to_have_url(re.compile("action=REVOKE_SESSIONS"))
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "remediation.csv"


def test_alerts_are_filtered_by_whether_they_are_live(page, admin_api):
    page.goto("/alerts?view=all")
    page.get_by_role("combobox", name="State").select_option("NO_CREDENTIAL")
    expect(page).to_have_url(re.compile("liveness=NO_CREDENTIAL"))
    expected = admin_api.get("/api/alerts", params={"liveness": "NO_CREDENTIAL", "limit": 1}).json()["items"]
    if expected:
        expect(page.get_by_role("table").get_by_role("rowheader").first.get_by_role("link")).to_have_attribute(
            "href", f"/alerts/{expected[0]['id']}"
        )
    else:
        expect(page.get_by_role("main")).to_contain_text("No alert matches")


def test_a_viewer_sees_the_settings_and_cannot_change_them(open_page, viewer_session):
    page = open_page(viewer_session)
    page.watch.expect(403)
    page.goto("/remediation/settings")
    expect(page.get_by_role("heading", level=1)).to_have_text("Response")
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    expect(page.get_by_role("button", name="Protect")).to_have_count(0)
    assert page.request.patch("/api/remediation/settings", data={"enabled": True}).status == 403


def test_a_reset_in_the_directory_is_logged_and_neutralises_the_exposure(page, admin_api, enabled):
    live = admin_api.get("/api/alerts", params={"liveness": "LIVE", "status": "OPEN", "limit": 1}).json()["items"]
    assert live, "The demo's passwords and sessions were changed after none of its breaches."
    alert = live[0]
    page.goto(f"/alerts/{alert['id']}")
    expect(page.get_by_role("main")).to_contain_text("Still live")
    page.get_by_role("button", name="Force password reset").click()
    expect(page.get_by_role("table", name="Accounts that would be acted on")).to_contain_text(alert["employeeEmail"])
    page.get_by_role("button", name=re.compile("now$")).click()
    expect(page).to_have_url(re.compile(f"/alerts/{alert['id']}$"))
    expect(page.get_by_role("main")).to_contain_text("Neutralised")
    after = admin_api.get(f"/api/alerts/{alert['id']}").json()
    assert after["liveness"]["state"] == "NEUTRALISED"
    # The loop is closed: the alert is resolved with that reason, and nobody is told to do again what was done.
    assert after["status"] == "RESOLVED"
    assert after["resolution"].startswith("Neutralised: ")
    expect(page.get_by_role("main")).to_contain_text("after the exposure.")
    expect(page.get_by_role("main")).not_to_contain_text("Have the person change the password of this account")
    expect(page.get_by_role("main")).not_to_contain_text("End all sessions of the person now")
    page.goto("/remediation")
    expect(page.get_by_role("table").first).to_contain_text(alert["employeeEmail"])
    done = [each for each in admin_api.get("/api/remediation").json()["items"] if each["alertId"] == alert["id"]]
    # The password first, the sessions second.
    assert {(each["action"], each["status"]) for each in done} == {("FORCE_PASSWORD_RESET", "SUCCESS"), ("REVOKE_SESSIONS", "SUCCESS")}
