"""Leak files: one that is sent, and what the demo has read."""

import re

from playwright.sync_api import expect

READ = 60_000


def test_a_leak_file_is_sent_and_watched_until_it_has_been_read(page, admin_api):
    person = admin_api.get("/api/employees", params={"limit": 1}).json()["items"][0]
    lines = f"https://vpn.acme.example/login:{person['email']}:Invented-by-the-test!\nstranger@example.net:Other\n"
    page.goto("/ingest")
    page.get_by_label("Leak file or stealer-log archive").set_input_files(
        {"name": "sent-by-a-test.txt", "mimeType": "text/plain", "buffer": lines.encode()}
    )
    page.get_by_role("button", name="Read it").click()
    expect(page).to_have_url(re.compile(r"/ingest/c[a-z0-9]{24}"))
    expect(page.get_by_role("heading", level=1)).to_have_text("sent-by-a-test.txt")
    # Without a reload by hand: the page hears of it, and shows how it ended.
    expect(page.get_by_role("heading", name="Result")).to_be_visible(timeout=READ)
    run = admin_api.get("/api/ingest", params={"limit": 1}).json()["items"][0]
    assert run["status"] == "SUCCEEDED"
    assert run["report"]["matches"] == 1
    page.goto(f"/employees/{person['id']}")
    expect(page.get_by_role("heading", name="Leaked credentials")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("vpn.acme.example")
    assert "Invented-by-the-test" not in page.content()


def test_the_machines_lead_to_whose_data_were_on_them(page):
    page.goto("/machines")
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(4)
    for family in ("RedLine", "Lumma", "Vidar"):
        expect(page.get_by_role("main")).to_contain_text(family)
    page.get_by_role("row").filter(has_text="RedLine").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Machine")
    expect(page.get_by_role("main")).to_contain_text("session_id")
    # Somebody is on it, with an alert that is not dealt with.
    page.get_by_role("table").first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Leaked credentials")).to_be_visible()


def test_whoever_only_looks_sees_the_readings_and_sends_nothing(open_page, viewer_session):
    page = open_page(viewer_session)
    page.goto("/ingest")
    expect(page.get_by_role("heading", level=1)).to_have_text("Leak files")
    expect(page.get_by_role("button", name="Read it")).to_have_count(0)
