"""Pages work without their scripts; these only make them nicer."""

import re

import pytest
from playwright.sync_api import expect

from conftest import open_user_menu, sign_in
from pages import PAGES, alert_with_status


@pytest.fixture
def plain(open_page, admin_session):
    return open_page(admin_session, scripts=False)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_there(look, admin_session, addresses, name):
    there = look(addresses[name], admin_session, scripts=False)
    assert there.answer.status == 200
    expect(there.page.get_by_role("heading", level=1)).to_be_visible()


def test_sign_in(open_page, demo):
    page = open_page(scripts=False)
    sign_in(page, demo.admin)
    expect(page).to_have_title("Today · DataShield")


def test_an_alert_is_acknowledged(plain, admin_api):
    alert = alert_with_status(admin_api, "OPEN")
    plain.goto(f"/alerts/{alert['id']}")
    plain.get_by_role("button", name="Acknowledge").click()
    expect(plain.get_by_role("status")).to_be_visible()
    assert admin_api.get(f"/api/alerts/{alert['id']}").json()["status"] == "ACKNOWLEDGED"


def test_alerts_are_filtered(plain):
    plain.goto("/alerts?view=all")
    plain.get_by_role("combobox", name="Severity").select_option("CRITICAL")
    plain.get_by_role("button", name="Apply").click()
    expect(plain).to_have_url(re.compile("severity=CRITICAL"))
    expect(plain.get_by_role("table").get_by_role("row").nth(1)).to_contain_text("Critical")


def test_the_theme_is_chosen_and_kept(plain):
    plain.goto("/")
    open_user_menu(plain)
    plain.get_by_role("button", name="Dark").click()
    expect(plain.locator("html")).to_have_attribute("data-theme", "dark")
    plain.goto("/alerts")
    expect(plain.locator("html")).to_have_attribute("data-theme", "dark")
