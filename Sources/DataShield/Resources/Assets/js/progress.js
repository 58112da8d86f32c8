// What pages share that show how something goes on.
export const number = (value) => (value ?? 0).toLocaleString("en");

export function duration(seconds) {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** Writes a text where it has changed, so that screen readers are not told the same again. */
export function setText(root, selector, value) {
  const element = root.querySelector(selector);
  if (element && element.textContent !== value) element.textContent = value;
}

/** Hands each state to `show`, and goes to `url` when the last one has come. */
export function follow(events, url, show) {
  const source = new EventSource(events);
  const take = (event) => {
    const run = JSON.parse(event.data);
    show(run);
    if (run.status === "SUCCEEDED" || run.status === "FAILED") {
      source.close();
      location.assign(url);
    }
  };
  for (const name of ["progress", "finished"]) source.addEventListener(name, take);
  // The browser connects again by itself; only what is gone for good is let go.
  window.addEventListener("pagehide", () => source.close());
}
