import pytest
from playwright.sync_api import expect

from pages import alert_with_status


@pytest.fixture
def viewer(open_page, viewer_session):
    page = open_page(viewer_session)
    page.watch.expect(403)
    return page


@pytest.mark.parametrize("path", ["/users", "/audit"])
def test_a_viewer_does_not_see_what_is_for_administrators(viewer, path):
    assert viewer.goto(path).status == 403
    expect(viewer.get_by_role("heading", level=1)).to_be_visible()
    viewer.goto("/")
    links = viewer.get_by_role("navigation", name="Main").get_by_role("link")
    assert path not in links.evaluate_all("links => links.map((link) => new URL(link.href).pathname)")


@pytest.mark.parametrize("path", ["/api/users", "/api/audit"])
def test_nor_by_the_api(viewer, path):
    answer = viewer.request.get(path)
    assert answer.status == 403
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_viewer_triages(viewer, admin_api):
    alert = alert_with_status(admin_api, "OPEN")
    viewer.goto(f"/alerts/{alert['id']}")
    viewer.get_by_role("button", name="Acknowledge").click()
    expect(viewer.get_by_role("status")).to_be_visible()
    assert admin_api.get(f"/api/alerts/{alert['id']}").json()["status"] == "ACKNOWLEDGED"


def test_a_viewer_changes_no_employee(viewer, admin_api):
    employee = admin_api.get("/api/employees", params={"limit": 1}).json()["items"][0]
    answer = viewer.request.patch(f"/api/employees/{employee['id']}", data={"department": "Changed"})
    assert answer.status == 403
