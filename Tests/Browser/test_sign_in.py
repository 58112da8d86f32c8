import re

from playwright.sync_api import expect

from conftest import open_user_menu, sign_in


def test_a_page_leads_to_the_sign_in_and_back(open_page, demo):
    page = open_page()
    page.goto("/alerts?status=OPEN")
    expect(page).to_have_url(re.compile("/login"))
    page.get_by_label("E-mail").fill(demo.admin.email)
    page.get_by_label("Password", exact=True).fill(demo.admin.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{demo.url}/alerts?status=OPEN")
    expect(page.get_by_role("heading", level=1)).to_have_text("Alerts")


def test_a_wrong_password_and_an_unknown_address_are_told_the_same(open_page, demo):
    page = open_page()
    page.watch.expect(401)
    words = []
    for email in (demo.admin.email, "nobody@acme.example"):
        page.goto("/login")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password", exact=True).fill("not the password")
        page.get_by_role("button", name="Sign in").click()
        notice = page.get_by_role("alert")
        expect(notice).to_be_visible()
        # Nobody types an address twice.
        expect(page.get_by_label("E-mail")).to_have_value(email)
        words.append(notice.inner_text())
    assert words[0] == words[1]


def test_signing_out_ends_the_session(open_page, demo):
    page = open_page()
    sign_in(page, demo.admin)
    session = page.context.storage_state()
    open_user_menu(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/login"))
    # Not only the browser has forgotten it.
    again = open_page(session)
    again.goto("/")
    expect(again).to_have_url(re.compile("/login"))


def test_nobody_is_led_to_another_site_after_signing_in(open_page, demo):
    page = open_page()
    page.goto("/login?next=https://evil.example/")
    page.get_by_label("E-mail").fill(demo.admin.email)
    page.get_by_label("Password", exact=True).fill(demo.admin.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_title("Today · DataShield")
