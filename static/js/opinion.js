// The refusal that names missing documents goes once a file of each has arrived; a file that is refused has no `data-resource`.
const said = document.querySelector("[data-missing]:not([data-missing=''])");
const look = () => {
  said.hidden = said.dataset.missing.split(" ").every((slot) => document.querySelector(`#upload-${slot} [data-resource=""]`));
};
if (said) new MutationObserver(look).observe(document.getElementById("form"), { childList: true, subtree: true });
