// Works through the queue of alerts by keyboard, without leaving the list.
import { ask } from "./confirm.js";

const OFF = "datashield-keys-off";

export function queue(root) {
  const form = root.querySelector("form[data-queue]");
  const sheet = root.querySelector("dialog[data-keys]");
  if (!form || !sheet) return;
  const rows = [...form.querySelectorAll("tbody tr")];
  const status = root.querySelector("[data-queue-status]");
  const mayTriage = form.dataset.queue === "triage";
  const done = [];
  let place = -1;

  const say = (text) => (status.textContent = text);
  const boxOf = (row) => row.querySelector("[data-bulk-one]");
  const linkOf = (row) => row.querySelector("th a");
  const nameOf = (row) => linkOf(row).textContent;

  const move = (to) => {
    if (rows.length === 0) return;
    rows[place]?.removeAttribute("data-current");
    place = Math.min(Math.max(to, 0), rows.length - 1);
    const row = rows[place];
    row.setAttribute("data-current", "");
    // Whoever reads with the ears hears the link; the page scrolls as far as it has to.
    linkOf(row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };

  const show = (row, next) => {
    const badge = root.querySelector(`template[data-status="${next}"]`).content.cloneNode(true);
    row.querySelector("[data-status-cell]").replaceChildren(badge);
    row.dataset.status = next;
    row.toggleAttribute("data-done", next === "RESOLVED");
  };

  const send = async (row, next, confirmLive = false) => {
    const before = row.dataset.status;
    if (before === next) return say(`${nameOf(row)}: nothing to change.`);
    let answer;
    try {
      answer = await fetch(`/api/alerts/${row.dataset.id}`, {
        method: "PATCH",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ status: next, confirmLive }),
      });
    } catch {
      return say("The server cannot be reached. Nothing was changed.");
    }
    if (answer.ok) {
      show(row, next);
      row.querySelector("[data-assignee]").textContent = (await answer.json()).assigneeName ?? "Unassigned";
      done.push({ row, before });
      say(`${nameOf(row)}: ${next.toLowerCase()}. U undoes it.`);
      if (rows[place] === row) move(place + 1);
      return;
    }
    const problem = await answer.json().catch(() => ({}));
    const detail = problem.detail ?? "It could not be changed.";
    if (answer.status === 409 && next === "RESOLVED" && !confirmLive && row.dataset.live !== undefined) {
      ask("What was exposed still works: whoever has it can sign in. Resolve the alert all the same?", "Resolve", () => send(row, next, true));
      return;
    }
    say(`${nameOf(row)}: ${detail}`);
  };

  const undo = async () => {
    const last = done.pop();
    if (!last) return say("There is nothing to undo.");
    const { row, before } = last;
    // An alert goes back to open first: what it was before follows from there.
    await send(row, "OPEN");
    done.pop();
    if (before !== "OPEN" && row.dataset.status === "OPEN") {
      await send(row, before);
      done.pop();
    }
    if (row.dataset.status === before) say(`${nameOf(row)}: ${before.toLowerCase()} again.`);
    move(rows.indexOf(row));
  };

  const keys = {
    j: () => move(place + 1),
    k: () => move(place - 1),
    "?": () => sheet.showModal(),
  };
  if (mayTriage) {
    keys.x = () => rows[place] && boxOf(rows[place])?.click();
    keys.e = () => rows[place] && send(rows[place], "ACKNOWLEDGED");
    keys.r = () => rows[place] && send(rows[place], "RESOLVED");
    keys.u = undo;
  }

  const isOff = () => localStorage.getItem(OFF) === "yes";
  const toggle = sheet.querySelector("[data-keys-toggle]");
  toggle.checked = !isOff();
  toggle.addEventListener("change", () => localStorage.setItem(OFF, toggle.checked ? "no" : "yes"));
  root.querySelector("[data-keys-open]").addEventListener("click", () => sheet.showModal());
  root.querySelector("[data-keys-open]").hidden = false;

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || root.querySelector("dialog[open]")) return;
    if (event.target.matches("input:not([type=checkbox]), select, textarea") || isOff()) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
