import re

import pytest
from playwright.sync_api import expect

from pages import exposed_employee

STAFF = """E-Mail;Vorname;Nachname;Abteilung
newcomer.one@acme.example;Nora;Newcomer;Browser Tests
not an address;Nobody;Atall;Browser Tests
newcomer.two@acme.example;Zoë;"Quoted; with a semicolon";Browser Tests
"""


def test_a_score_is_explained_and_adds_up(page, admin_api):
    employee = admin_api.get(f"/api/employees/{exposed_employee(admin_api)}").json()
    page.goto(f"/employees/{employee['id']}")
    explained = page.get_by_role("region", name=f"Why the score is {employee['riskScore']}")
    parts = [re.search(r"([\d.]+) of ([\d.]+)", item.inner_text()) for item in explained.get_by_role("listitem").all()]
    points = [float(part[1]) for part in parts]
    assert len(points) == 6
    assert all(float(part[1]) <= float(part[2]) for part in parts)
    # Each is shown with one decimal.
    assert abs(min(100, sum(points)) - employee["riskScore"]) <= 0.5 + 6 * 0.05


def test_the_next_step_says_what_the_score_would_be(page, admin_api):
    for employee in admin_api.get("/api/employees", params={"sort": "risk", "limit": 20}).json()["items"]:
        risk = admin_api.get(f"/api/employees/{employee['id']}/risk").json()
        if risk["nextStep"]:
            break
    assert risk["nextStep"]["score"] < risk["score"]
    page.goto(f"/employees/{employee['id']}")
    explained = page.get_by_role("region", name=f"Why the score is {risk['score']}")
    expect(explained).to_contain_text(f"Next step. {risk['nextStep']['text']}")


def test_scores_tell_people_apart(admin_api):
    people, cursor = [], None
    while cursor or not people:
        page = admin_api.get("/api/employees", params={"limit": 200} | ({"cursor": cursor} if cursor else {})).json()
        people += page["items"]
        cursor = page["nextCursor"]
    scores = [person["riskScore"] for person in people if person["recordCount"] > 0]
    assert len(scores) > 50
    # No number is that of a fifth of them, and there are more numbers than one for each five.
    assert len(set(scores)) * 5 > len(scores), sorted(scores)
    assert max(map(scores.count, scores)) * 5 < len(scores), sorted(scores)


def test_nobody_asked_is_no_score(page, admin_api):
    person = admin_api.post("/api/employees", data={"email": "never.asked@acme.example", "firstName": "Never", "lastName": "Asked"}).json()
    assert person["riskScore"] is None and person["riskLevel"] is None
    page.goto(f"/employees/{person['id']}")
    expect(page.get_by_role("region", name="Why there is no score")).to_contain_text("Nobody was asked about this person yet")
    expect(page.get_by_role("region", name="Risk score")).to_contain_text("Not asked yet")
    page.goto("/employees")
    page.get_by_label("Risk").select_option("Not asked yet")
    page.get_by_role("button", name="Apply").click()
    row = page.get_by_role("row", name="Never Asked")
    expect(row).to_contain_text("Not asked yet")
    expect(page.get_by_role("main")).to_contain_text("not asked about yet.")
    page.goto("/dashboards")
    expect(page.get_by_role("region", name="Key metrics")).to_contain_text("not asked")
    assert admin_api.delete(f"/api/employees/{person['id']}").ok


def test_an_employee_shows_records_and_coverage(page, admin_api):
    page.goto(f"/employees/{exposed_employee(admin_api)}")
    for title in ("Findings", "Checked"):
        expect(page.get_by_role("heading", name=re.compile(title, re.I)).first).to_be_visible()
    # The one provider was asked about everybody, and answered.
    expect(page.get_by_role("main")).to_contain_text("Have I Been Pwned")


def test_people_are_found_by_a_part_of_their_name(page, admin_api):
    people = admin_api.get("/api/employees", params={"limit": 100}).json()["items"]
    part = next(person["lastName"][1:] for person in people if len(person["lastName"] or "") > 4)
    page.goto("/employees")
    page.get_by_role("searchbox").fill(part)
    page.get_by_role("searchbox").press("Enter")
    expect(page).to_have_url(re.compile("q="))
    rows = page.get_by_role("table").get_by_role("rowheader")
    expect(rows.first).to_be_visible()
    for row in rows.all():
        assert part.lower() in row.inner_text().lower()


def choose(page, text=STAFF):
    page.goto("/employees/import")
    page.get_by_label("CSV file").set_input_files({"name": "staff.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_role("button", name="Show a preview").click()


def forget_newcomers(admin_api):
    for person in admin_api.get("/api/employees", params={"q": "newcomer"}).json()["items"]:
        assert admin_api.delete(f"/api/employees/{person['id']}").status == 204


@pytest.mark.parametrize("scripts", [True, False])
def test_a_staff_list_is_shown_written_and_its_bad_row_downloaded(open_page, admin_session, admin_api, scripts):
    page = open_page(admin_session, scripts=scripts, accept_downloads=True)
    choose(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Preview of a staff list")
    bad = page.get_by_role("table", name="Rows not imported")
    expect(bad.get_by_role("rowheader")).to_have_text(["3"])
    expect(bad).to_contain_text(re.compile("@|address"))
    expect(page.get_by_role("table", name="The first rows").get_by_role("rowheader")).to_have_count(2)
    assert admin_api.get("/api/employees", params={"q": "newcomer"}).json()["items"] == []

    page.get_by_role("button", name="Save the changes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Staff list imported")
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("as CSV")).click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert text.splitlines()[0] == "line,outcome,column,reason,E-Mail,Vorname,Nachname,Abteilung"
    assert text.splitlines()[1].startswith("3,refused,email,")

    page.goto("/employees?q=newcomer")
    expect(page.get_by_role("table")).to_contain_text("newcomer.one@acme.example")
    expect(page.get_by_role("table")).to_contain_text("Quoted; with a semicolon")
    forget_newcomers(admin_api)


def test_a_list_that_is_thrown_away_changes_nothing(page, admin_api):
    choose(page)
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("status")).to_contain_text("Nothing was saved")
    assert admin_api.get("/api/employees", params={"q": "newcomer"}).json()["items"] == []


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_names_of_sixty_letters_do_not_widen_the_preview(open_page, admin_session, width):
    page = open_page(admin_session, width=width)
    long = "W" * 60
    choose(page, f"email,first name,last name,department,{long},status\n{long.lower()}@acme.example,{long},{long},{long},1,{long}\n{long},,,,,\n")
    expect(page.get_by_role("heading", level=1)).to_have_text("Preview of a staff list")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    outside = page.evaluate(
        """() => [...document.querySelectorAll('main .card')].flatMap(card => {
            const edge = card.getBoundingClientRect().right + 0.5;
            return [...card.querySelectorAll('td, th, p, strong, .tile, .note')]
                .filter(part => part.getClientRects().length && part.getBoundingClientRect().right > edge).map(part => part.textContent.slice(0, 40));
        })"""
    )
    assert outside == []
    page.get_by_role("button", name="Discard").click()


def test_what_is_typed_is_shown_as_text(page, admin_api):
    name = "<img src=x onerror=alert(1)>'\";--"
    page.goto("/employees/new")
    page.get_by_label("E-mail").fill("markup@acme.example")
    page.get_by_label("First name").fill(name)
    page.get_by_label("Last name").fill("Tester")
    page.get_by_role("button", name=re.compile("Add|Save|Create")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    found = admin_api.get("/api/employees", params={"q": "markup@acme.example"}).json()["items"]
    assert [person["firstName"] for person in found] == [name]
    assert admin_api.delete(f"/api/employees/{found[0]['id']}").status == 204


def test_a_wrong_field_is_named(page):
    page.goto("/employees/new")
    page.get_by_label("E-mail").fill("someone@nowhere")
    page.get_by_label("First name").fill("Some")
    page.get_by_label("Last name").fill("One")
    page.watch.expect(422)
    page.get_by_role("button", name=re.compile("Add|Save|Create")).click()
    field = page.get_by_label("E-mail")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("someone@nowhere")


def test_the_list_is_downloaded(page):
    page.goto("/employees")
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("Export|CSV")).click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) > 200
    assert "@acme.example" in text
