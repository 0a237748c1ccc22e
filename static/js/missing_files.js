// The refusal that names missing files, and the mark at each of them, go once the file has arrived; a refused file has no `data-resource`.
const form = document.querySelector("form[data-missing]:not([data-missing=''])");
const look = () => {
  const hasFile = (slot) => form.querySelector(`#upload-${slot} [data-resource=""]`);
  const slots = form.dataset.missing.split(" ");
  for (const slot of slots.filter(hasFile)) {
    const field = form.querySelector(`#upload-${slot}`);
    field.classList.remove("is-missing");
    field.querySelector("[data-upload-missing]")?.remove();
  }
  document.querySelector("[role=alert]").hidden = slots.every(hasFile);
};
if (form) new MutationObserver(look).observe(form, { childList: true, subtree: true });
