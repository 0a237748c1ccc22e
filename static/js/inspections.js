// The inspector's device at an inspection: its form is kept and sent by fieldwork.js. Every page works without it.

import { Check, Panel, Queue, Store, VisitForm, newest, start } from "./fieldwork.js";

const page = document.querySelector("[data-inspections]");
const form = page.querySelector("[data-field-form]");
const person = newest(document.querySelector("[data-field-person]")?.dataset ?? {});
const queue = new Queue(new Store("kp-inspections", "visits"), page.dataset.sync, { check: page.dataset.check, person });
const panel = new Panel(page.querySelector("[data-field-queue]"), queue, new Check(page.querySelector("[data-field-check]")));

/** Nobody there: nothing was seen, so nothing is asked. */
function ask() {
  form.querySelector("[data-inspection-questions]").hidden = form.elements.found.value === "nobody";
}

function count(input) {
  const said = document.getElementById(`${input.id}-chosen`);
  said.textContent = input.files.length ? `${said.dataset.text} ${input.files.length}` : "";
}

if (form) {
  const counted = () => { for (const input of form.querySelectorAll("[data-inspection-photo]")) count(input); };
  form.addEventListener("change", ({ target }) => {
    if (target.matches("[data-inspection-photo]")) count(target);
    ask();
  });
  ask();
  counted();
  new VisitForm(form, queue, panel, { title: () => form.dataset.title, begun: () => { ask(); counted(); } });
}
start(queue, panel, page.dataset.worker);
