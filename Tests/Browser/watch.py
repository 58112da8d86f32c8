"""What goes wrong on a page without anybody seeing it."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request

# Runs before any script of the page: counts layout shifts, and reports what the content security policy refuses.
INIT_SCRIPT = """
window.layoutShifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    window.layoutShifts.push({value: entry.value, nodes: entry.sources.map((source) => {
      const node = source.node;
      return node && node.outerHTML ? node.outerHTML.slice(0, 160) : String(node && node.nodeName);
    })});
  }
}).observe({type: "layout-shift", buffered: true});
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`content security policy: ${event.violatedDirective} refused ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""


class Watch:
    """Collects the problems of a page; whoever made it asserts that there is none."""

    def __init__(self, page: Page, origin: str):
        self.page = page
        self.host = urlsplit(origin).netloc
        self.problems: list[str] = []
        self.expected: list[int] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("request", self._request)

    def expect(self, status: int) -> None:
        """An answer with this status is part of the test; the browser would report it as an error."""
        self.expected.append(status)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        answered = re.search(r"responded with a status of (\d+)", message.text)
        if answered and int(answered[1]) in self.expected:
            return
        self.problems.append(f"console {message.type} at {self.page.url}: {message.text}")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.netloc != self.host:
            self.problems.append(f"request to elsewhere at {self.page.url}: {request.url}")
