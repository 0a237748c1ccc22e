// The inspector's device: the form of a violation report, kept and sent by fieldwork.js. Every page works without it.

import { Panel, Queue, Store, VisitForm, start } from "./fieldwork.js";

const page = document.querySelector("[data-field]");
const form = document.querySelector("[data-field-form]");

/** Measure and months are asked for only where the chosen violation is counted by them. */
function measure() {
  const units = JSON.parse(document.getElementById("field-units").textContent);
  const unit = units[form.elements.offence.value] || "each";
  form.querySelector("[data-field-measure]").hidden = unit === "each";
  form.elements.months.closest("p").hidden = unit !== "m2_month";
}

if (page) {
  // The store keeps its first name, "minutes": devices hold unsent violation reports in it.
  const queue = new Queue(new Store("kp-field", "minutes"), page.dataset.sync);
  const panel = new Panel(document.querySelector("[data-field-queue]"), queue);
  if (form) {
    measure();
    form.elements.offence.addEventListener("change", measure);
    const title = () => form.elements.offence.selectedOptions[0]?.textContent || "";
    new VisitForm(form, queue, panel, { title, begun: measure });
  }
  start(queue, panel, page.dataset.worker);
}
