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


def first_machine(api):
    machines = api.get("/api/machines").json()["items"]
    return next(machine for machine in machines if machine["malwareFamily"] == "RedLine")


def test_an_administrator_sees_how_to_find_the_machine_and_that_is_on_record(page, admin_api):
    machine = first_machine(admin_api)
    page.goto(f"/machines/{machine['id']}")
    card = page.get_by_role("region", name="How to find it")
    for fact in (machine["machineId"], machine["traces"]["computer"], machine["traces"]["userName"], *machine["traces"]["addresses"]):
        expect(card).to_contain_text(fact)
    page.goto("/audit")
    expect(page.get_by_role("main")).to_contain_text("machine.traced")


def test_whoever_only_looks_does_not_see_how_to_find_the_machine(open_page, viewer_session, admin_api):
    machine = first_machine(admin_api)
    alert = admin_api.get("/api/alerts", params={"breach": machine["breachId"]}).json()["items"][0]
    page = open_page(viewer_session)
    page.goto(f"/machines/{machine['id']}")
    expect(page.get_by_role("region", name="How to find it")).to_contain_text("Only administrators")
    secrets = [machine["machineId"], machine["traces"]["computer"], *machine["traces"]["addresses"]]
    for path in (f"/machines/{machine['id']}", f"/alerts/{alert['id']}", f"/employees/{alert['employeeId']}", "/api/machines", f"/api/machines/{machine['id']}"):
        answer = page.request.get(path)
        assert answer.ok, path
        for secret in secrets:
            assert secret not in answer.text(), path
    # The machine itself is no secret: an alert leads there.
    page.goto(f"/alerts/{alert['id']}")
    page.get_by_role("link", name=re.compile("^Machine ")).click()
    expect(page).to_have_url(re.compile(f"/machines/{machine['id']}"))


def test_whoever_only_looks_sees_the_readings_and_sends_nothing(open_page, viewer_session):
    page = open_page(viewer_session)
    page.goto("/ingest")
    expect(page.get_by_role("heading", level=1)).to_have_text("Leak files")
    expect(page.get_by_role("button", name="Read it")).to_have_count(0)
