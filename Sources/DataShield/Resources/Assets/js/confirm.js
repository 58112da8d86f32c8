// Asks before what cannot be undone, in a native dialog.
export function confirmations(root) {
  root.addEventListener("submit", (event) => {
    const form = event.target;
    const question = form.dataset?.confirm;
    if (!question || form.dataset.confirmed) return;
    event.preventDefault();
    ask(question, event.submitter?.textContent.trim() || "Go on", () => {
      form.dataset.confirmed = "true";
      form.requestSubmit(event.submitter);
      delete form.dataset.confirmed;
    });
  });
}

export function ask(question, action, proceed) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "confirm-title");
  const body = make("div", "dialog-body");
  const title = make("h2", "", "Are you sure?");
  title.id = "confirm-title";
  body.append(title, make("p", "", question));
  const foot = make("div", "dialog-foot");
  const cancel = make("button", "button", "Cancel");
  const go = make("button", "button button-danger", action);
  cancel.addEventListener("click", () => dialog.close());
  go.addEventListener("click", () => {
    dialog.close();
    proceed();
  });
  foot.append(cancel, go);
  dialog.append(body, foot);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function make(name, className, text = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}
