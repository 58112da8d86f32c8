"""What is painted stays where it belongs, at every width that people have, whatever the names are."""

import pytest

from pages import PAGES, address_of
from shapes import MISSHAPEN, SHAPES, wrong_shapes
from test_every_page import settle

WIDTHS = [1440, 1280, 1024, 768, 390]

# Paints outside its card, or is cut off without a way to see the rest.
FAULTS = """() => {
  const faults = [];
  const name = (element) => element.outerHTML.replace(/\\s+/g, " ").slice(0, 140);
  // Of a table that stacks, the head is for screen readers only.
  const isHead = (element) => { const head = element.closest("thead"); return head !== null && head.getBoundingClientRect().width < 2; };
  const isVisible = (element) => element.checkVisibility({visibilityProperty: true, opacityProperty: true});
  const shown = (element) => isVisible(element) && !element.closest(".visually-hidden") && !isHead(element);
  const scrolls = (element) => { const style = getComputedStyle(element); return /auto|scroll/.test(style.overflowX + style.overflowY); };
  for (const card of document.querySelectorAll("main .card, main .tiles, main .note, main table")) {
    const box = card.getBoundingClientRect();
    for (const element of card.querySelectorAll("*")) {
      if (!shown(element) || element.closest("svg:not(.icon)") || element.closest("dialog, .menu-panel, .toast")) continue;
      let holder = element.parentElement;
      while (holder !== card && !scrolls(holder)) holder = holder.parentElement;
      if (holder !== card) continue;
      const own = element.getBoundingClientRect();
      if (own.width === 0 || own.height === 0) continue;
      if (own.right > box.right + 1 || own.left < box.left - 1 || own.bottom > box.bottom + 1) faults.push(`outside its card: ${name(element)}`);
    }
  }
  const cells = "main th, main td, main .tag, main .badge, main .button, main dd, main dt";
  const names = "main .table .who-text > *, main .bars a, main .crumbs > a:first-child";
  for (const element of document.querySelectorAll(`${cells}, ${names}`)) {
    if (!shown(element)) continue;
    if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline") faults.push(`clipped: ${name(element)}`);
  }
  const heading = document.querySelector("h1").getBoundingClientRect();
  if (document.documentElement.scrollWidth > innerWidth) faults.push("scrolls sideways");
  const side = document.querySelector(".side");
  if (side && side.scrollWidth > side.clientWidth + 1) faults.push("the navigation scrolls sideways");
  return {faults: [...new Set(faults)].slice(0, 20), heading: [Math.round(heading.left), Math.round(heading.top + scrollY)]};
}"""

FIRST = "Wolfeschlegelsteinhausenberger"
LAST = "Featherstonehaugh-Cholmondeley"
COMPANY = "Rindfleischetikettierungsueberwachungsaufgabenuebertragung60"
DEPARTMENT = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunte"


@pytest.fixture(scope="module")
def long_names(admin_api):
    """Those whom the lists show first, and the company, have names of 60 characters meanwhile."""
    company = admin_api.get("/api/company").json()["name"]
    assert admin_api.patch("/api/company", data={"name": COMPANY}).ok
    alerts = admin_api.get("/api/alerts", params={"limit": 12}).json()["items"]
    people = [admin_api.get(f"/api/employees/{id}").json() for id in dict.fromkeys(alert["employeeId"] for alert in alerts if alert["employeeId"])]
    people = [person.get("employee", person) for person in people]
    for person in people:
        change = {"firstName": FIRST, "lastName": LAST, "department": DEPARTMENT}
        assert admin_api.patch(f"/api/employees/{person['id']}", data=change).ok
    yield
    assert admin_api.patch("/api/company", data={"name": company}).ok
    for person in people:
        before = {field: person.get(field) for field in ("firstName", "lastName", "department")}
        assert admin_api.patch(f"/api/employees/{person['id']}", data=before).ok


def test_nothing_leaves_its_card_and_headings_begin_at_one_place(look, admin_session, addresses, long_names):
    faults, misshapen, headings = {}, {}, {width: {} for width in WIDTHS}
    for name in PAGES:
        page = look(addresses[name], admin_session, width=WIDTHS[0], height=900).page
        for width in WIDTHS:
            # What is where is the style sheets' work alone, so that another width needs no other load; the narrowest and the usual one
            # are loaded as such in test_every_page.py.
            page.set_viewport_size({"width": width, "height": 900})
            settle(page)
            found = page.evaluate(FAULTS)
            if found["faults"]:
                faults[f"{name}, {width} wide"] = found["faults"]
            if shapes := wrong_shapes(page):
                misshapen[f"{name}, {width} wide"] = shapes
            if page.locator("nav[aria-label='Main']").count():
                headings[width].setdefault(tuple(found["heading"]), []).append(name)
    assert faults == {}
    assert misshapen == {}
    for width, places in headings.items():
        # The first half of a pixel is rounded either way.
        usual = max(places, key=lambda place: len(places[place]))
        elsewhere = {place: names for place, names in places.items() if abs(place[0] - usual[0]) > 1 or abs(place[1] - usual[1]) > 1}
        assert elsewhere == {}, f"{width} wide: elsewhere than at {usual}"


def test_each_shape_is_seen(open_page):
    page = open_page(width=1440)
    page.route("**/misshapen", lambda route: route.fulfill(content_type="text/html", body=MISSHAPEN % ("word " * 300)))
    page.goto("/misshapen")
    assert set(wrong_shapes(page)) == set(SHAPES)


def test_a_short_page_does_not_float_on_a_phone(open_page, admin_session):
    page = open_page(admin_session, width=390, height=1400)
    page.goto("/account/sessions")
    settle(page)
    bar = page.locator(".topbar").bounding_box()
    heading = page.get_by_role("heading", level=1).bounding_box()
    assert bar["height"] < 60
    assert heading["y"] < bar["height"] + 60


def test_an_error_is_inside_the_frame(open_page, viewer_session):
    page = open_page(viewer_session, width=1280)
    page.watch.expect(403)
    page.watch.expect(404)
    for path in ("/users", "/no-such-page"):
        page.goto(path)
        assert page.get_by_role("navigation", name="Main").is_visible()
        assert "users:" not in page.locator("main").inner_text()


# How wide and high a text is in the real font and in its stand-in.
MEASURES = """async (weight) => {
  const files = {400: "regular", 500: "medium", 600: "semibold"};
  const address = document.querySelector(`link[rel=preload][href*=inter-${files[weight]}]`).href;
  const real = await new FontFace("Measured", `url(${address})`, {weight: String(weight)}).load();
  document.fonts.add(real);
  const standIns = await document.fonts.load(`${weight} 100px "Inter Fallback"`);
  const measure = (family) => {
    const element = document.createElement("span");
    element.textContent = "Jane Carter of Operations was exposed in 12 breaches, with a password and a session that still work.";
    Object.assign(element.style, {position: "absolute", whiteSpace: "nowrap", font: `${weight} 100px ${family}`, lineHeight: "normal"});
    document.body.append(element);
    const box = element.getBoundingClientRect();
    element.remove();
    return [box.width, box.height];
  };
  return {weights: standIns.map((face) => face.weight), real: measure("Measured"), standIn: measure('"Inter Fallback"')};
}"""


@pytest.mark.parametrize("weight", [400, 500, 600])
def test_the_stand_in_of_the_font_takes_as_much_room(open_page, weight):
    page = open_page()
    page.goto("/login")
    settle(page)
    found = page.evaluate(MEASURES, weight)
    assert found["weights"] == [str(weight)]
    assert found["standIn"][0] == pytest.approx(found["real"][0], rel=0.02)
    assert found["standIn"][1] == pytest.approx(found["real"][1], abs=2)


def transferred(page, address: str) -> int:
    """How many bytes came over the line for a page and all that it needs."""
    sizes: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(address)
    settle(page)
    page.wait_for_load_state("networkidle")
    return sum(sizes)


def test_the_first_page_is_small_and_the_next_ones_are_smaller(open_page, admin_session, admin_api):
    page = open_page(admin_session)
    first = transferred(page, "/")
    assert first <= 130_000, first
    for name in ("alerts", "one alert", "employees", "one employee", "breaches"):
        size = transferred(page, address_of(name, admin_api))
        assert size <= 15_000, f"{name}: {size}"
