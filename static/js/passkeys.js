// Passkeys: the browser asks the device, and its answer goes with the form. Without this file the page names the other way in.

const json = window.webauthnJSON;
const able = Boolean(json?.supported());

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const box = form.parentElement;
  box.hidden = !able;
  box.parentElement.querySelector("[data-passkey-without]").hidden = able;
  const answer = form.elements[form.dataset.answer];
  const failed = form.querySelector("[data-passkey-failed]");

  form.addEventListener("submit", async (event) => {
    if (answer.value) return; // answered: the form goes on its way
    event.preventDefault();
    failed.hidden = true;
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    try {
      const credential = await json[form.dataset.passkey](JSON.parse(form.dataset.options));
      answer.value = JSON.stringify(credential);
      form.requestSubmit();
    } catch {
      failed.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
}
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload(); // its question was used up
});
