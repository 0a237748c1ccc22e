// The inspector's device: the form of a violation report, kept and sent by fieldwork.js. Every page works without it.

import { Check, Panel, Queue, Store, VisitForm, start } from "./fieldwork.js";

const page = document.querySelector("[data-field]");
const form = document.querySelector("[data-field-form]");

/** Measure and months are asked for only where the chosen violation is counted by them. */
function measure() {
  const units = JSON.parse(document.getElementById("field-units").textContent);
  const unit = units[form.elements.offence.value] || "each";
  form.querySelector("[data-field-measure]").hidden = unit === "each";
  form.elements.months.closest("p").hidden = unit !== "m2_month";
}

/** The names of the chosen files, in place of the browser's own words. */
function chosen() {
  for (const place of document.querySelectorAll("[data-field-chosen]")) {
    const files = [...document.querySelector(`[aria-describedby="${place.id}"]`).files];
    place.replaceChildren(...files.map(({ name }) => Object.assign(document.createElement("bdi"), { textContent: name })));
  }
}

document.addEventListener("change", chosen);
chosen();

if (page) {
  // The store keeps its first name, "minutes": devices hold unsent violation reports in it.
  const queue = new Queue(new Store("kp-field", "minutes"), page.dataset.sync, { check: page.dataset.check });
  const panel = new Panel(document.querySelector("[data-field-queue]"), queue, new Check(document.querySelector("[data-field-check]")));
  if (form) {
    measure();
    form.elements.offence.addEventListener("change", measure);
    for (const photos of form.querySelectorAll("[data-field-photos]")) photos.hidden = false;
    const title = () => form.elements.offence.selectedOptions[0]?.textContent || "";
    const visit = new VisitForm(form, queue, panel, { title, begun: () => { measure(); chosen(); } });
    // "Against whom" is said of the first of these fields, and any of them answers it.
    for (const name of ["civil_id", "party_name_ar", "place_note"]) {
      form.elements[name].addEventListener("input", () => visit.mended(form.elements.shop_no));
    }
  }
  start(queue, panel, page.dataset.worker);
}
