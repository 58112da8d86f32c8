import re

from playwright.sync_api import expect

# A scan of 250 people against the stand-in, on a busy machine.
FINISHED = 120_000


def test_a_scan_is_started_and_watched_until_it_has_finished(page, admin_api):
    before = admin_api.get("/api/scans", params={"limit": 1}).json()["items"][0]["id"]
    page.goto("/scans")
    page.get_by_role("button", name="Start a scan").click()
    expect(page.get_by_role("progressbar", name="People asked about")).to_be_visible()
    # Without a reload by hand: the page hears of it, and shows how it ended.
    expect(page.get_by_role("heading", level=1)).to_contain_text("Scan of", timeout=FINISHED)
    expect(page.get_by_role("main")).to_contain_text(re.compile("finished|succeeded|done", re.I), timeout=FINISHED)
    run = admin_api.get("/api/scans", params={"limit": 1}).json()["items"][0]
    assert run["id"] != before
    assert run["status"] == "SUCCEEDED"
    assert run["scanned"] == run["total"] > 0
    # What was known is not found a second time.
    assert run["newAlerts"] == 0


def test_the_history_of_scans_leads_to_each(page):
    page.goto("/scans")
    page.get_by_role("table").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"/scans/c[a-z0-9]{24}"))
    expect(page.get_by_role("main")).to_contain_text("Have I Been Pwned")


def test_a_key_is_never_shown_again(page, admin_api):
    # Any key of the right form is good in the stand-in.
    key = "0123456789abcdef" * 2
    assert admin_api.post("/api/credentials", data={"provider": "HIBP", "key": key}).ok
    page.goto("/sources")
    expect(page.get_by_role("main")).to_contain_text("Have I Been Pwned")
    # Its last four characters may be shown.
    assert key[:-4] not in page.content()
    assert "0123456789" not in page.content()
