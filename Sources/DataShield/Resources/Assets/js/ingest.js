// Follows the reading of a leak file by server-sent events.
import { duration, follow, number, setText } from "./progress.js";

export function ingests(root) {
  for (const card of root.querySelectorAll("[data-ingest]")) {
    follow(`/api/ingest/${card.dataset.ingest}/events`, card.dataset.ingestUrl, (run) => show(card, run));
  }
}

function show(card, run) {
  const report = run.report;
  const bar = card.querySelector("[data-ingest-bar]");
  bar.max = Math.max(1, report.bytesTotal);
  bar.value = report.bytes;
  const rate = run.bytesPerSecond ? `, ${bytes(run.bytesPerSecond)}/s` : "";
  setText(card, "[data-ingest-text]", report.bytesTotal > 0 ? `${bytes(report.bytes)} of ${bytes(report.bytesTotal)}${rate}` : bytes(report.bytes));
  setText(card, "[data-ingest-left]", run.secondsLeft > 0 ? `about ${duration(run.secondsLeft)} left` : "");
  for (const tile of card.querySelectorAll("[data-ingest-field]")) setText(tile.parentElement, "[data-ingest-field]", number(report[tile.dataset.ingestField]));
}

function bytes(count) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Math.round(value * 10) / 10} ${units[unit]}`;
}
