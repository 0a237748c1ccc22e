// What makes pages quicker. Every journey works without this file.

const languageField = "_language";
const focusKey = "kp-focus";

/** Focus goes to the error summary; after a language switch it returns to the control it came from. */
function placeFocus() {
  const remembered = sessionStorage.getItem(focusKey);
  sessionStorage.removeItem(focusKey);
  const control = remembered && document.getElementById(remembered);
  (control || document.querySelector("[data-errors]"))?.focus();
}

/** Remember the control last used in a form, since pressing the language switch takes the focus away. */
let lastControl = "";
document.addEventListener("focusin", (event) => {
  if (event.target.form && event.target.name !== languageField && event.target.id) lastControl = event.target.id;
});

/** A form is sent once; a page that comes back from the browser's memory can be sent again. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (button?.name === languageField && lastControl) sessionStorage.setItem(focusKey, lastControl);
  if (form.method !== "post") return;
  form.dataset.sent = "1";
  if (button) {
    button.classList.add("is-busy");
    // After this turn: a disabled button would not send its name and value.
    setTimeout(() => { button.disabled = true; });
  }
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("button.is-busy")) {
    button.disabled = false;
    button.classList.remove("is-busy");
  }
});

/** Pages that wait for somebody else ask their data-poll address and load anew once it says {"done": true}. A form that is sent
 * ends the asking: its answer is the next page, and an answer to a session that a sign-in has replaced would sign out again. */
function poll(box) {
  const pause = 1000 * (Number(box.dataset.pollSeconds) || 3);
  const sent = new AbortController();
  addEventListener("submit", () => sent.abort());
  const ask = async () => {
    if (sent.signal.aborted) return;
    try {
      const response = await fetch(box.dataset.poll, { headers: { Accept: "application/json" }, cache: "no-store", signal: sent.signal });
      const answer = response.ok ? await response.json() : {};
      if (answer.done) {
        if (answer.location) location.assign(answer.location);
        else location.reload();
        return;
      }
      // Signed out, or gone: the page itself knows what to say.
      if (response.status === 401 || response.status === 403 || response.status === 404) {
        location.reload();
        return;
      }
    } catch {
      // No network now; the next turn asks again.
    }
    setTimeout(ask, pause);
  };
  setTimeout(ask, pause);
}

placeFocus();
for (const box of document.querySelectorAll("[data-poll]")) poll(box);

/** Buttons that print the page stand there only with a script. */
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

/** Buttons that copy a link say so in their own words. */
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = button.dataset.done;
  });
}
