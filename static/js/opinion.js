// The refusal that names missing documents goes once a file of each has arrived; a file that is refused has no `data-resource`.
const form = document.querySelector("form[data-missing]:not([data-missing=''])");
const look = () => {
  const hasFile = (slot) => form.querySelector(`#upload-${slot} [data-resource=""]`);
  document.querySelector("[role=alert]").hidden = form.dataset.missing.split(" ").every(hasFile);
};
if (form) new MutationObserver(look).observe(form, { childList: true, subtree: true });
