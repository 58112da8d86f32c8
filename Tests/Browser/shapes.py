"""How the parts of a page stand to each other: what is looked for in every page, at every width, and a page that is wrong in all of it."""

from playwright.sync_api import Page

SHOWN = """const name = (element) => element.outerHTML.replace(/\\s+/g, " ").slice(0, 140);
  const isVisible = (element) => element.checkVisibility({visibilityProperty: true, opacityProperty: true});
  const shown = (element) => isVisible(element) && !element.closest(".visually-hidden, svg.chart");
  const isStacked = (table) => getComputedStyle(table).display !== "table";
  const inner = (element) => { const style = getComputedStyle(element);
    return element.getBoundingClientRect().left + parseFloat(style.borderLeftWidth) + parseFloat(style.paddingLeft); };
  const texts = (root) => { const found = []; const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) if (node.data.trim() && shown(node.parentElement)) found.push(node);
    return found; };
  const boxOf = (node, start, end) => { const range = document.createRange(); range.setStart(node, start); range.setEnd(node, end);
    return [...range.getClientRects()].filter((box) => box.width > 0); };
  const faults = [];"""
SHAPES = {
    # Where a line may end by itself, a new word begins.
    "a short word is broken": """() => { %s
      for (const node of texts(document.querySelector("main"))) {
        if (node.parentElement.closest("option, textarea")) continue;
        for (const word of node.data.matchAll(/[^\\s\\u00AD\\u2010-\\u2015-]+/gu)) {
          if ([...word[0]].length > 12) continue;
          const tops = boxOf(node, word.index, word.index + word[0].length).map((box) => box.top);
          if (Math.max(...tops) - Math.min(...tops) > 4) faults.push(`${word[0]} in ${name(node.parentElement)}`);
        }
      }
      return faults; }""",
    "round corners are covered": """() => { %s
      const top = scrollY;
      for (const card of document.querySelectorAll("main .card, main .tiles")) {
        if (!shown(card)) continue;
        for (const isTop of [true, false]) for (const isLeft of [true, false]) {
          const before = card.getBoundingClientRect();
          scrollTo(0, scrollY + (isTop ? before.top : before.bottom) - innerHeight / 2);
          const box = card.getBoundingClientRect();
          const hit = document.elementFromPoint(isLeft ? box.left + 2 : box.right - 2, isTop ? box.top + 2 : box.bottom - 2);
          const isCovered = hit !== null && hit !== card && card.contains(hit);
          if (isCovered) faults.push(`${isTop ? "top" : "bottom"} ${isLeft ? "left" : "right"}: ${name(hit)}`);
        }
      }
      scrollTo(0, top);
      return faults; }""",
    "a sign does not stand beside its word": """() => { %s
      for (const icon of document.querySelectorAll("main svg.icon")) {
        const text = icon.nextSibling;
        if (!shown(icon) || text === null || text.nodeType !== Node.TEXT_NODE || !text.data.trim()) continue;
        const start = text.data.search(/\\S/);
        const [sign, [word]] = [icon.getBoundingClientRect(), boxOf(text, start, start + 1)];
        if (word && (sign.bottom <= word.top + 2 || sign.top >= word.bottom - 2)) faults.push(name(icon.parentElement));
      }
      return faults; }""",
    "what a cell says stands below its label": """() => { %s
      for (const cell of document.querySelectorAll("main td[data-label]")) {
        if (!shown(cell) || !isStacked(cell.closest("table"))) continue;
        const begin = cell.getBoundingClientRect().left + 7 * 16;
        const words = texts(cell).flatMap((node) => boxOf(node, 0, node.data.length));
        const boxes = [...cell.querySelectorAll(".tag, .badge, .button")].map((part) => part.getBoundingClientRect());
        if ([...words, ...boxes].some((box) => box.left < begin)) faults.push(name(cell));
      }
      return faults; }""",
    "a label has nothing beside it": """() => { %s
      for (const cell of document.querySelectorAll("main td[data-label]")) {
        if (!shown(cell) || !isStacked(cell.closest("table"))) continue;
        if (texts(cell).length === 0 && ![...cell.querySelectorAll(".icon, .button, .input")].some(shown)) faults.push(name(cell));
      }
      return faults; }""",
    "the two dates of a filter are in two lines": """() => { %s
      const [from, to, ...more] = [...document.querySelectorAll("main .filters input[type=date]")].filter(shown);
      if (to && (more.length || Math.abs(from.getBoundingClientRect().top - to.getBoundingClientRect().top) > 1)) faults.push(name(from));
      return faults; }""",
    "a strip lies above the head of a table": """() => { %s
      for (const card of document.querySelectorAll("main .card")) {
        const head = card.firstElementChild?.querySelector(":scope > .table thead");
        if (!head || !shown(head) || isStacked(head.parentElement)) continue;
        if (head.getBoundingClientRect().top - card.getBoundingClientRect().top > 2) faults.push(name(card));
      }
      return faults; }""",
    "an action stands below what it is for": """() => { %s
      for (const row of document.querySelectorAll("main .card-body.row-between")) {
        const [text, action] = [row.firstElementChild.getBoundingClientRect(), row.lastElementChild.getBoundingClientRect()];
        if (action.top >= text.bottom) faults.push(name(row));
      }
      return faults; }""",
    "labels are not all alike": """() => { %s
      const own = getComputedStyle(document.body).fontFamily;
      for (const cell of document.querySelectorAll("main td[data-label]")) {
        if (!shown(cell) || !isStacked(cell.closest("table"))) continue;
        const {fontFamily, fontSize, fontWeight} = getComputedStyle(cell, "::before");
        if (fontFamily !== own || fontSize !== "12px" || fontWeight !== "400") faults.push(`${fontWeight} ${fontSize} ${fontFamily}: ${name(cell)}`);
      }
      return faults; }""",
    "numbers of a chart are too large or too small": """() => { %s
      for (const chart of document.querySelectorAll("main svg.chart")) {
        if (!chart.checkVisibility()) continue;
        const scale = chart.getBoundingClientRect().width / chart.viewBox.baseVal.width;
        const sizes = [...chart.querySelectorAll("text:not(.chart-value)")].map((text) => parseFloat(text.getAttribute("font-size")) * scale);
        if (sizes.some((size) => size < 9 || size > 14)) faults.push(`${Math.max(...sizes).toFixed(1)} px: ${name(chart)}`);
      }
      return faults; }""",
    "a card's parts begin at different places": """() => { %s
      for (const card of document.querySelectorAll("main .card")) {
        const parts = [...card.querySelectorAll(".card-head, .card-body, .card-foot, .pager, .bulk")];
        for (const table of card.querySelectorAll("table")) {
          const row = [...table.querySelectorAll("tbody tr")].find(shown);
          if (row && !(isStacked(table) && row.matches(".has-pick"))) parts.push(isStacked(table) ? row : row.firstElementChild);
        }
        const places = parts.filter(shown).map((part) => Math.round(inner(part)));
        if (Math.max(...places) - Math.min(...places) > 1) faults.push(`${places.join(", ")}: ${name(card)}`);
      }
      return faults; }""",
    "headings of one row stand in different lines": """() => { %s
      const heads = [...document.querySelectorAll("main .card > .card-head > h2")].filter(shown).map((heading) => {
        const [text] = texts(heading);
        return {card: heading.closest(".card").getBoundingClientRect().top, line: boxOf(text, 0, 1)[0].top, heading};
      });
      for (const one of heads) for (const other of heads) {
        const lower = one.line - other.line;
        if (Math.abs(one.card - other.card) < 1 && lower > 1) faults.push(`${lower} px: ${name(one.heading)}, ${name(other.heading)}`);
      }
      return faults; }""",
    # Whatever the width: as long as it is a table, what does not break has room in it.
    "a table stacks too late": """() => { %s
      for (const table of document.querySelectorAll("main .table-stack")) {
        if (!shown(table) || isStacked(table)) continue;
        const room = 46 * 16 + parseFloat(getComputedStyle(table.parentElement).paddingRight);
        table.style.width = "0";
        const needed = table.offsetWidth;
        table.style.width = "";
        if (needed > room) faults.push(`needs ${needed} of ${room} px: ${name(table)}`);
      }
      return faults; }""",
}
SHAPES = {what: script.replace("%s", SHOWN) for what, script in SHAPES.items()}


def wrong_shapes(page: Page) -> dict:
    return {what: list(dict.fromkeys(found))[:8] for what, script in SHAPES.items() if (found := page.evaluate(script))}


# Wrong in everything that is looked at: a page like this says that the looks look.
MISSHAPEN = """<!doctype html><html lang="en"><head><title>Misshapen</title><style>
body { font: 14px sans-serif; } .card { border: 1px solid; border-radius: 10px; margin: 20px 0; padding: 0; width: 400px; }
.narrow { width: 20px; overflow-wrap: anywhere; }
.sign { display: flex; flex-wrap: wrap; width: 60px; } .sign svg { width: 40px; height: 16px; } .stacked tr { display: grid; padding: 0 0 0 30px; }
.stacked, .stacked tbody { display: block; } td { padding: 0; font-family: monospace; } td::before { content: attr(data-label); }
.two { display: flex; } .two .card { width: 200px; }
h2 { font-size: 14px; margin: 0; } .low { padding-top: 9px; } .long { white-space: nowrap; }
</style></head><body><main><h1>Misshapen</h1>
<section class="card"><div class="low"><table class="table"><thead><tr><th>Person</th></tr></thead></table></div></section>
<section class="card"><div class="card-body row-between"><p>Okta</p><p>Choose</p></div></section>
<form class="filters"><input type="date"><br><input type="date"></form>
<p class="narrow">Unassigned</p>
<p class="sign"><svg class="icon"></svg>Confirmed</p>
<section class="card"><div class="card-head"><h2>Stacked</h2></div>
<table class="table-stack stacked"><tbody><tr><td data-label="Secret">password<span class="tag">Same secret</span></td>
<td data-label="Time left"></td></tr></tbody></table></section>
<svg class="chart" viewBox="0 0 100 20" width="300" height="60"><text x="0" y="15" font-size="11">12</text></svg>
<div class="two"><section class="card"><div class="card-head"><h2>One</h2></div></section>
<section class="card"><div class="card-head low"><h2>Other</h2></div></section></div>
<section class="card"><table class="table-stack"><tbody><tr><td class="long">%s</td></tr></tbody></table></section>
</main></body></html>"""
