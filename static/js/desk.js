// Shortcuts of the desk: a digit leads to its control, and never decides by itself. Every page works without this file.

const typing = "input:not([type=radio], [type=checkbox], [type=submit]), textarea, select, [contenteditable]";

/** The digit of a key on either row, whatever the layout says; empty for any other key. */
function digitOf(event) {
  const match = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
  return match ? match[1] : "";
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.target.closest?.(typing)) return;
  const digit = digitOf(event);
  const control = digit && document.querySelector(`[data-shortcut="${digit}"]`);
  if (!control) return;
  event.preventDefault();
  if (control.localName === "summary") control.parentElement.open = true;
  control.scrollIntoView({ block: "nearest" });
  control.focus();
});

document.querySelector("[data-errors]")?.focus();

// Buttons that print the page stand there only with a script.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
