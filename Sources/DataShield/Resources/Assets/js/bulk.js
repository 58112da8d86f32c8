// Counts what is selected, selects all, and lets the buttons be pressed only when something is.
export function bulk(root) {
  for (const form of root.querySelectorAll("form[data-bulk]")) {
    const all = form.querySelector("[data-bulk-all]");
    const ones = [...form.querySelectorAll("[data-bulk-one]")];
    const count = form.querySelector("[data-bulk-count]");
    const buttons = form.querySelectorAll("[data-bulk-action]");
    if (!all || !count) continue;
    const nothing = count.textContent;
    let last = null;

    const show = () => {
      const chosen = ones.filter((one) => one.checked).length;
      all.checked = chosen > 0 && chosen === ones.length;
      all.indeterminate = chosen > 0 && chosen < ones.length;
      count.textContent = chosen === 0 ? nothing : `${chosen} selected`;
      for (const button of buttons) button.disabled = chosen === 0;
    };
    all.addEventListener("change", () => {
      for (const one of ones) one.checked = all.checked;
      show();
    });
    form.addEventListener("click", (event) => {
      const index = ones.indexOf(event.target);
      if (index < 0) return;
      // With the shift key, everything from the one before to this one.
      if (event.shiftKey && last !== null) {
        const [from, to] = [Math.min(last, index), Math.max(last, index)];
        for (const one of ones.slice(from, to + 1)) one.checked = ones[index].checked;
      }
      last = index;
      show();
    });
    show();
  }
}
