// Changes between light and dark without a reload; the form does the same with one.
export function theme(root) {
  const form = root.querySelector("[data-theme-form]");
  form?.addEventListener("submit", (event) => {
    const value = event.submitter?.value;
    if (!value) return;
    event.preventDefault();
    if (value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
    for (const button of form.querySelectorAll("button[name=theme]")) button.setAttribute("aria-pressed", String(button.value === value));
    // The server keeps the choice.
    fetch(form.getAttribute("action"), { method: "POST", body: new URLSearchParams({ theme: value, back: "/" }), redirect: "manual" });
  });
}
