// Asks before a page is left while a form marked `data-unsaved` holds what was not sent. Every page works without this file.

let isUnsaved = document.querySelector('form[data-unsaved="kept"]') !== null; // sent, refused and shown again
for (const form of document.querySelectorAll("form[data-unsaved]")) {
  form.addEventListener("input", () => { isUnsaved = true; });
  form.addEventListener("submit", () => { isUnsaved = false; });
}
addEventListener("beforeunload", (event) => {
  if (isUnsaved) event.preventDefault();
});
