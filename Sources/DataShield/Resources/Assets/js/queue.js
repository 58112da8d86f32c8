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

  // One at a time: what a key does next goes by what the one before has done.
  let isSending = false;
  const send = async (row, next, confirmLive = false) => {
    if (isSending) return false;
    isSending = true;
    try {
      return await change(row, next, confirmLive);
    } finally {
      isSending = false;
    }
  };

  const change = async (row, next, confirmLive) => {
    const before = row.dataset.status;
    if (before === next) {
      say(`${nameOf(row)} is ${next.toLowerCase()} already.`);
      if (rows[place] === row) move(place + 1);
      return;
    }
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
      return true;
    }
    const problem = await answer.json().catch(() => ({}));
    const detail = problem.detail ?? "It could not be changed.";
    if (answer.status === 409 && next === "RESOLVED" && !confirmLive && row.dataset.live !== undefined) {
      // The server says what that means; how a program confirms it is nothing for people.
      ask(`${detail.split(" To resolve")[0]} Resolve the alert all the same?`, "Resolve", () => send(row, next, true));
      return;
    }
    say(`${nameOf(row)}: ${detail}`);
  };

  const undo = async () => {
    const last = done.at(-1);
    if (!last) return say("There is nothing to undo.");
    const { row, before } = last;
    // Only what still is as it was left: what others did since is theirs.
    const known = await fetch(`/api/alerts/${row.dataset.id}`).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
    if (!known) return say("The server cannot be reached. Nothing was changed.");
    if (known.status !== row.dataset.status) {
      done.pop();
      show(row, known.status);
      return say(`${nameOf(row)} was changed by somebody else since: it stays ${known.status.toLowerCase()}.`);
    }
    const depth = done.length;
    // An alert goes back to open first: what it was before follows from there.
    const isOpen = await send(row, "OPEN");
    const isBack = isOpen && (before === "OPEN" || (await send(row, before)));
    if (!isBack) return;
    done.length = depth - 1;
    say(`${nameOf(row)}: ${before.toLowerCase()} again.`);
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
  root.querySelector("[data-keys-open]").removeAttribute("data-idle");

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || root.querySelector("dialog[open]")) return;
    if (event.target.matches("input:not([type=checkbox]), select, textarea") || isOff()) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
