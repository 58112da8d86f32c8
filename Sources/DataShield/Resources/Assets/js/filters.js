// Sends a filter form when a choice is made; empty fields stay out of the address.
export function filters(root) {
  for (const form of root.querySelectorAll("form[data-auto-submit]")) {
    form.addEventListener("submit", () => {
      for (const field of form.elements) if (field.name && field.value === "") field.disabled = true;
    });
    form.addEventListener("change", (event) => {
      if (event.target.matches("select")) form.requestSubmit();
    });
  }
  // Back in the browser's history, the fields are to be there again.
  window.addEventListener("pageshow", () => {
    for (const field of root.querySelectorAll("form[data-auto-submit] :disabled")) field.disabled = false;
  });
}
