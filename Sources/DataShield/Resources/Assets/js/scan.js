// Follows a running scan by server-sent events.
import { duration, follow, number, setText } from "./progress.js";

const names = { HIBP: "Have I Been Pwned", HIBP_STEALER: "Have I Been Pwned stealer logs", DEHASHED: "DeHashed", LEAKCHECK: "LeakCheck", INTELX: "Intelligence X", SNUSBASE: "Snusbase" };

export function scans(root) {
  for (const card of root.querySelectorAll("[data-scan]")) {
    if (!card.querySelector("noscript")) continue;
    follow(`/api/scans/${card.dataset.scan}/events`, card.dataset.scanUrl, (run) => show(card, run));
  }
}

function show(card, run) {
  const text = (selector, value) => setText(card, selector, value);
  if (run.status === "RUNNING") {
    const label = card.querySelector("[data-scan-status] .badge")?.lastChild;
    if (label) label.textContent = "Running";
  }
  const bar = card.querySelector("[data-scan-bar]");
  bar.max = Math.max(1, run.total ?? 1);
  bar.value = run.scanned ?? 0;
  text("[data-scan-text]", `${number(run.scanned)} of ${number(run.total)} people`);
  const providers = run.providers ?? [];
  const left = Math.max(0, ...providers.map((each) => each.secondsLeft ?? 0));
  text("[data-scan-left]", left > 0 ? `about ${duration(left)} left` : "");
  text('[data-scan-field="newRecords"]', number(run.newRecords));
  text('[data-scan-field="newAlerts"]', number(run.newAlerts));
  text('[data-scan-field="errors"]', number(run.errors));
  for (const provider of providers) row(card, provider);
}

function row(card, provider) {
  const id = provider.provider;
  const body = card.querySelector("[data-scan-providers]");
  let line = [...body.rows].find((each) => each.dataset.scanProvider === id);
  if (!line) {
    body.querySelector("[data-scan-waiting]")?.remove();
    line = body.insertRow();
    line.dataset.scanProvider = id;
    const head = document.createElement("th");
    head.scope = "row";
    head.className = "lead-cell";
    head.textContent = names[id] ?? id;
    line.append(head);
    for (const [key, label] of [["requests", "Requests"], ["hits", "Hits"], ["errors", "Errors"], ["left", "Time left"]]) {
      const cell = line.insertCell();
      cell.dataset.scanCell = key;
      cell.dataset.label = label;
      cell.className = key === "left" ? "right soft" : "num";
    }
  }
  const set = (key, value) => {
    const cell = line.querySelector(`[data-scan-cell="${key}"]`);
    if (cell) cell.textContent = value;
  };
  set("requests", number(provider.requests));
  set("hits", number(provider.hits));
  set("errors", number(provider.errors));
  set("left", provider.secondsLeft > 0 ? duration(provider.secondsLeft) : "");
}
