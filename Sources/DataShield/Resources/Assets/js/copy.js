// A button that copies the text beside it.
export function copying(root) {
  for (const box of root.querySelectorAll("[data-copy]")) {
    const button = box.querySelector("[data-copy-button]");
    const input = box.querySelector("input");
    if (!button || !input || !navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(input.value);
      toast("Copied");
    });
  }
}

/** Says something for a moment, also to assistive technology. */
export function toast(text) {
  const element = document.createElement("div");
  element.className = "toast";
  element.setAttribute("role", "status");
  document.body.append(element);
  element.textContent = text;
  setTimeout(() => element.remove(), 3000);
}
