// Ties each slider to its number, and shows at once what other weights would change.
export function weights(root) {
  const form = root.querySelector("form[data-weights]");
  if (!form) return;
  for (const range of form.querySelectorAll("[data-range-for]")) {
    const field = root.getElementById(range.dataset.rangeFor);
    range.addEventListener("input", () => {
      field.value = range.value;
      later();
    });
    field.addEventListener("input", () => {
      range.value = field.value;
      later();
    });
  }
  let timer;
  let asked = 0;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(preview, 300);
  };
  // The form has buttons named "action", which hide its property of that name.
  async function preview() {
    if (!form.checkValidity()) return;
    const mine = ++asked;
    const body = new URLSearchParams(new FormData(form));
    body.set("action", "preview");
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body });
    if (!answer.ok || mine !== asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-weights-preview]");
    const old = form.querySelector("[data-weights-preview]");
    if (fresh && old) old.replaceChildren(...fresh.childNodes);
  }
}
