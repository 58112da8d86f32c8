// Changes how the frame looks without a reload; the forms do the same with one. What is chosen is an attribute of the document.
export function choices(root) {
  for (const form of root.querySelectorAll("form[data-choice]")) {
    const name = form.dataset.choice;
    form.addEventListener("submit", (event) => {
      const chosen = event.submitter;
      if (!chosen?.value) return;
      event.preventDefault();
      if (chosen.value === "system") delete document.documentElement.dataset[name];
      else document.documentElement.dataset[name] = chosen.value;
      for (const button of form.querySelectorAll("button[aria-pressed]")) button.setAttribute("aria-pressed", String(button === chosen));
      // A button that gave way to the other one hands the focus on.
      if (!chosen.checkVisibility()) [...form.querySelectorAll("button")].find((button) => button.checkVisibility())?.focus();
      // The server keeps the choice, also when the page is left at once.
      const body = new URLSearchParams({ [name]: chosen.value, back: "/" });
      fetch(form.getAttribute("action"), { method: "POST", body, redirect: "manual", keepalive: true });
    });
  }
}
