"""What holds for every page: accessible, quiet, steady, and usable on a narrow screen.

A page is loaded once for each variant, and everything is looked at that this variant can show. What fails is named by page, variant and check.
"""

from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from conftest import Looks
from pages import PAGES

WCAG = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# The rules whose outcome colours decide; every other one says of dark colours what it says of light ones.
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


def settle(page: Page) -> None:
    """Waits until the page has its fonts, has been painted, and nothing of it moves or changes colour any more."""
    page.wait_for_load_state("load")
    page.evaluate(
        """async () => {
          const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          await document.fonts.ready;
          await painted();
          const ending = document.getAnimations().filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime));
          await Promise.allSettled(ending.map((one) => one.finished));
          await painted();
        }"""
    )


def violations(page: Page, rules: dict = WCAG) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("async (rules) => (await axe.run({runOnly: rules, resultTypes: ['violations']})).violations", rules)
    return [f"{violation['id']}: {violation['help']}: {node['html'][:200]}" for violation in found for node in violation["nodes"]]


def from_a_cache(page: Page) -> list[str]:
    """What did not come over the line: what moves while a page loads shows only when everything has to be fetched."""
    return page.evaluate("performance.getEntriesByType('resource').filter((one) => one.transferSize === 0).map((one) => one.name)")


def layout_shifts(page: Page) -> list:
    return page.evaluate("window.layoutShifts")


def heading_and_title(page: Page) -> list[str]:
    found = []
    headings = page.get_by_role("heading", level=1).count()
    if headings != 1:
        found.append(f"{headings} headings of the first level")
    title = page.title()
    if not title.endswith("· DataShield") or title == "· DataShield":
        found.append(f"the title is {title!r}")
    return found


def sideways_scrolling(page: Page) -> list[str]:
    return page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] :
            [`${document.documentElement.scrollWidth} wide`, ...[...document.querySelectorAll("body *")]
                .filter((element) => element.getBoundingClientRect().right > innerWidth + 1).map((element) => element.outerHTML.slice(0, 120))]"""
    )


def dark_colours(page: Page) -> list[str]:
    """The same page in dark colours, which are the style sheets' work alone: no script asks for them."""
    page.emulate_media(color_scheme="dark")
    settle(page)
    return violations(page, COLOURS)


# In this order: a look for violations moves nothing, but what moved before is counted before it; the dark comes last.
VARIANTS = {
    "wide": ({"width": 1280, "height": 800}, [from_a_cache, layout_shifts, heading_and_title, violations, dark_colours]),
    "narrow": ({"width": 360, "height": 800}, [from_a_cache, layout_shifts, heading_and_title, sideways_scrolling, violations]),
}


def faults(page: Page, variant: str) -> dict:
    settle(page)
    return {check.__name__: found for check in VARIANTS[variant][1] if (found := check(page))}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", PAGES)
def test_page(look, admin_session, addresses, name, variant):
    there = look(addresses[name], admin_session, **VARIANTS[variant][0])
    assert there.answer.status == 200
    assert faults(there.page, variant) == {}, f"{name}, {variant}"


@pytest.mark.parametrize("variant", VARIANTS)
def test_sign_in(look, variant):
    there = look("/login", **VARIANTS[variant][0])
    assert there.answer.status == 200
    assert faults(there.page, variant) == {}, f"sign-in, {variant}"


# Something wrong for each check: a page like this says that the checks look.
FAULTY = """<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width"><title>· DataShield</title>
<link rel="stylesheet" href="/faulty.css"></head>
<body><main><h1>One</h1><h1>Two</h1><p class="pale">Hard to read in the dark</p><div class="wide">Too wide</div>
<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="></main>
<script>requestAnimationFrame(() => requestAnimationFrame(() => {
  const late = document.createElement("div"); late.className = "late"; document.querySelector("main").prepend(late); window.isLate = true; }));
</script></body></html>"""
FAULTY_STYLE = """:root { color-scheme: light dark; } .wide { width: 2000px; } .late { height: 300px; }
.pale { color: #222; background: #fff; transition: background-color 0.3s; } @media (prefers-color-scheme: dark) { .pale { background: #333; } }"""


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_check_sees_what_is_wrong(open_page, variant):
    size, checks = VARIANTS[variant]
    page = open_page(**size)
    page.route("**/faulty", lambda route: route.fulfill(content_type="text/html", body=FAULTY))
    page.route("**/faulty.css", lambda route: route.fulfill(content_type="text/css", body=FAULTY_STYLE))
    page.goto("/faulty")
    page.wait_for_function("window.isLate")
    found = faults(page, variant)
    assert set(found) - {"from_a_cache"} == {check.__name__ for check in checks} - {"from_a_cache"}
    assert any(one.startswith("image-alt") for one in found["violations"])
    assert not any(one.startswith("color-contrast") for one in found["violations"])
    if "dark_colours" in found:
        assert {one.split(":")[0] for one in found["dark_colours"]} == {"color-contrast"}


def test_what_comes_from_a_cache_is_seen(open_page):
    page = open_page()
    for is_cached in (False, True):
        page.goto("/login")
        settle(page)
        assert bool(from_a_cache(page)) == is_cached


def test_what_a_page_says_and_leaves_behind_is_seen(browser, demo):
    looks = Looks(browser, demo.url)
    try:
        there = looks.load("/login")
        assert there.problems() == []
        there.page.evaluate("localStorage.setItem('left', 'behind'); console.error('said aloud')")
        said, left = there.problems()
        assert "said aloud" in said and "leaves something behind" in left
    finally:
        looks.end()


def test_the_navigation_leads_to_pages_that_are_tested(page):
    page.goto("/")
    addresses = page.get_by_role("navigation", name="Main").get_by_role("link").evaluate_all("links => links.map((link) => link.href)")
    paths = {urlsplit(address).path for address in addresses}
    assert paths, "the navigation is empty"
    assert paths <= set(PAGES.values())


def test_an_unknown_page_says_so(page):
    page.watch.expect(404)
    answer = page.goto("/no-such-page")
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert violations(page) == []
