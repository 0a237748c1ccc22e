// Reports on the inspector's device: the place for distances and the route, and the result that is kept and sent by fieldwork.js.
// Every page works without it, but for the proof of a photo: its time and place come from the device.

import { Panel, Queue, Store, VisitForm, newest, picture, start, time } from "./fieldwork.js";

const page = document.querySelector("[data-eye]");
const about = ({ fields }) => fields.find(([name]) => name === "report")?.[1];
const same = (one, other) => about(one) === about(other);
const person = newest(document.querySelector("[data-field-person]")?.dataset ?? {});
const queue = new Queue(new Store("kp-eye", "results"), page.dataset.sync, { same, person });
const panel = new Panel(page.querySelector("[data-field-queue]"), queue);
const form = page.querySelector("[data-field-form]");
const stand = page.querySelector("[data-eye-stand]");

if (form) {
  const photo = form.elements.photo;
  const said = document.getElementById(`${photo.id}-chosen`);
  const counted = () => {
    const [file] = photo.files;
    said.replaceChildren(...(file ? [`${said.dataset.text} `, time(file.lastModified), " ", picture(file)] : []));
  };
  const visit = new VisitForm(form, queue, panel, { title: () => form.dataset.title, begun: counted });
  // Before the entry is made: capture runs first.
  form.addEventListener("submit", () => { form.elements.written_at.value = new Date().toISOString(); }, { capture: true });
  photo.addEventListener("change", () => {
    counted();
    if (photo.files.length && navigator.geolocation) visit.locate();
  });
}

if (stand && navigator.geolocation) {
  stand.hidden = false;
  stand.addEventListener("submit", (event) => {
    if (stand.elements.latitude.value) return;
    event.preventDefault();
    const { submitter } = event;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        stand.elements.latitude.value = coords.latitude.toFixed(6);
        stand.elements.longitude.value = coords.longitude.toFixed(6);
        stand.requestSubmit(submitter);
      },
      () => { stand.querySelector("[role=status]").textContent = stand.dataset.textNone; },
      { enableHighAccuracy: true, timeout: 15000 },
    );
  });
}

start(queue, panel, page.dataset.worker);
