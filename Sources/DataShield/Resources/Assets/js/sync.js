// Follows a directory's sync by server-sent events.
import { follow, number, setText } from "./progress.js";

export function syncs(root) {
  for (const card of root.querySelectorAll("[data-sync]")) {
    follow(`/api/directory/jobs/${card.dataset.sync}/events`, card.dataset.syncUrl, (run) => show(card, run));
  }
}

function show(card, run) {
  setText(card, "[data-sync-text]", `${number(run.listed)} ${run.listed === 1 ? "person" : "people"} read`);
  for (const tile of card.querySelectorAll("[data-sync-field]")) setText(tile.parentElement, "[data-sync-field]", number(run[tile.dataset.syncField]));
}
