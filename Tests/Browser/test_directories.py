"""Directories: the wizard against a real LDAP server, a sync and the next one, SCIM's token, and who has a second factor."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from slapd import Slapd

# Reading a dozen people, on a busy machine.
FINISHED = 90_000


@pytest.fixture(scope="module")
def slapd() -> Iterator[Slapd]:
    server = Slapd(people=12, domain="northwind.example")
    yield server
    server.stop()


def fill(page, slapd, password=None):
    page.get_by_label("Name", exact=True).fill("Northwind")
    page.get_by_label("Host").fill("127.0.0.1")
    page.get_by_label("Port").fill(slapd.value("ldaps port"))
    page.get_by_label("Bind DN").fill(slapd.value("bindDN"))
    page.get_by_label("Bind password").fill(password or slapd.value("bindPassword"))
    page.get_by_label("Base DN").fill(slapd.value("baseDN"))
    page.get_by_label(re.compile("CA certificate|Certificate", re.I)).fill(slapd.authority)


def test_a_wrong_password_is_told_before_anything_is_saved(page, admin_api, slapd):
    page.watch.expect(422)
    page.goto("/directories")
    page.get_by_role("link", name="Connect a directory").first.click()
    page.get_by_role("link", name="LDAP or Active Directory", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("^Before you begin, at "))).to_be_visible()
    fill(page, slapd, password="not the password")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_role("main")).to_contain_text(re.compile("password", re.I))
    assert "not the password" not in page.content()
    names = [each["name"] for each in admin_api.get("/api/directory").json()["items"]]
    assert "Northwind" not in names


def test_the_wizard_connects_and_the_next_sync_sees_who_was_disabled(page, admin_api, slapd):
    page.goto("/directories/new/LDAP")
    fill(page, slapd)
    page.get_by_role("button", name="Test").click()
    # Tested before it is saved: ten of the people as they would be taken, and no secret in the page.
    trial = page.locator("[data-trial]")
    expect(trial).to_contain_text("It works")
    assert trial.get_by_role("row").count() == 11
    assert slapd.value("bindPassword") not in page.content()
    page.get_by_role("button", name="Save and sync").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sync of Northwind")
    expect(page.get_by_role("heading", name="Result")).to_be_visible(timeout=FINISHED)
    expect(page.locator('[data-sync-field="added"]')).to_have_text("12")
    page.goto("/employees?q=northwind.example")
    expect(page.get_by_role("table", name="People").get_by_role("row")).to_have_count(13)

    person = admin_api.get("/api/employees", params={"q": "northwind.example", "limit": 1}).json()["items"][0]
    uid = person["email"].split("@")[0]
    slapd.change(
        f"dn: uid={uid},{slapd.value('baseDN')}\nchangetype: modify\nreplace: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n"
    )
    page.goto("/directories")
    page.get_by_role("link", name="Northwind").first.click()
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("heading", name="Result")).to_be_visible(timeout=FINISHED)
    expect(page.locator('[data-sync-field="deactivated"]')).to_have_text("1")
    expect(page.get_by_role("table", name="Deactivated")).to_contain_text(person["email"])
    page.get_by_role("link", name=person["email"]).click()
    expect(page.get_by_role("main")).to_contain_text("kept, not scanned")

    # The settings show all but the secrets, and another name needs none of them again.
    page.goto("/directories")
    page.get_by_role("link", name="Northwind").first.click()
    page.get_by_role("link", name="Settings", exact=True).and_(page.locator(".page-actions a")).click()
    expect(page.get_by_label("Host")).to_have_value("127.0.0.1")
    expect(page.get_by_label("Bind password")).to_have_value("")
    page.get_by_label("Name", exact=True).fill("Northwind staff")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Northwind staff")
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Remove|Yes|OK", re.I)).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Directories")
    for each in admin_api.get("/api/employees", params={"q": "northwind.example", "limit": 50}).json()["items"]:
        admin_api.delete(f"/api/employees/{each['id']}")


def test_a_scim_token_is_shown_once(page, admin_api):
    page.goto("/directories/new")
    page.get_by_role("link", name="SCIM 2.0", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Entra")
    page.get_by_role("button", name="Make endpoint and token").click()
    token = page.get_by_label("Bearer token").input_value()
    assert token.startswith("dsscim_")
    endpoint = page.get_by_label(re.compile("Endpoint")).input_value()
    path = "/" + endpoint.split("//", 1)[1].split("/", 1)[1]
    answer = page.request.get(f"{path}/Users", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 200 and answer.json()["totalResults"] == 0
    connection = next(each for each in admin_api.get("/api/directory").json()["items"] if each["name"] == "Entra")
    page.goto(f"/directories/{connection['id']}")
    assert token not in page.content()
    expect(page.get_by_text("Set up Okta")).to_be_visible()
    admin_api.delete(f"/api/directory/{connection['id']}")


def test_whom_a_scim_directory_could_not_get_onto_the_list_is_on_its_page(page, admin_api):
    made = admin_api.post("/api/directory", data={"type": "SCIM", "name": "Okta by SCIM"}).json()
    path = "/" + made["endpoint"].split("//", 1)[1].split("/", 1)[1]
    headers = {"Authorization": f"Bearer {made['bearerToken']}", "Content-Type": "application/scim+json"}
    pushed = page.request.post(f"{path}/Users", headers=headers, data={"userName": "nobody"})
    assert pushed.status == 201
    page.goto(f"/directories/{made['id']}")
    expect(page.get_by_text("Some not taken")).to_be_visible()
    table = page.get_by_role("table", name="People who could not be taken")
    expect(table.get_by_role("row", name=re.compile("nobody"))).to_contain_text("no usable e-mail address")
    # Two tokens are good at most: the button that makes another gives way to the one that takes the former back.
    page.get_by_role("button", name="New token").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("New|Make|Yes|OK", re.I)).click()
    expect(page.get_by_label("Bearer token")).to_be_visible()
    expect(page.get_by_role("button", name="New token")).to_have_count(0)
    page.get_by_role("button", name="Revoke the old token").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke the old token").click()
    expect(page.get_by_role("button", name="New token")).to_be_visible()
    assert page.request.get(f"{path}/Users", headers=headers).status == 401
    admin_api.delete(f"/api/directory/{made['id']}")


def test_what_a_scim_directory_was_refused_is_on_its_page(page, admin_api):
    made = admin_api.post("/api/directory", data={"type": "SCIM", "name": "Okta with refusals"}).json()
    path = "/" + made["endpoint"].split("//", 1)[1].split("/", 1)[1]
    headers = {"Authorization": f"Bearer {made['bearerToken']}", "Content-Type": "application/scim+json"}
    page.goto(f"/directories/{made['id']}")
    expect(page.get_by_text("No call was refused")).to_be_visible()
    user = {"userName": "refused.twice@northwind.example"}
    assert page.request.post(f"{path}/Users", headers=headers, data=user).status == 201
    for _ in range(2):
        assert page.request.post(f"{path}/Users", headers=headers, data=user).status == 409
    assert page.request.get(f"{path}/Users/c1?attributes=userName", headers=headers).status == 404
    # Without the token nothing is written down.
    assert page.request.get(f"{path}/Groups/c1").status == 401
    page.goto(f"/directories/{made['id']}")
    table = page.get_by_role("table", name="Refused calls, newest first")
    expect(table.get_by_role("row")).to_have_count(3)
    twice = table.get_by_role("row", name="POST /Users")
    expect(twice).to_contain_text("userName is in use already.")
    expect(twice).to_contain_text("2 times since")
    expect(table.get_by_role("row", name="GET /Users/c1")).to_contain_text("There is no User of this id.")
    assert "attributes=userName" not in page.content() and made["bearerToken"] not in page.content()
    admin_api.delete(f"/api/directory/{made['id']}")
    for each in admin_api.get("/api/employees", params={"q": "refused.twice", "limit": 5}).json()["items"]:
        admin_api.delete(f"/api/employees/{each['id']}")


def test_mfa_coverage_shows_numbers_departments_and_the_exposed(page, admin_api):
    coverage = admin_api.get("/api/mfa").json()
    total = coverage["total"]
    assert total["people"] == total["enabled"] + total["disabled"] + total["unknown"]
    page.goto("/mfa")
    expect(page.get_by_role("heading", level=1)).to_have_text("People without a second factor")
    expect(page.get_by_role("table", name="Second factor by department").get_by_role("row")).to_have_count(len(coverage["departments"]) + 1)
    exposed = admin_api.get("/api/employees", params={"exposed": "true", "active": "true", "mfa": "DISABLED", "limit": 200}).json()["items"]
    assert len(exposed) == min(200, total["exposedWithout"])
