// The inspector's device: finding the shop, and the form of a violation report, kept and sent by fieldwork.js. Every page works without it.

import { Check, Panel, Queue, Store, VisitForm, start } from "./fieldwork.js";
import { scanning } from "./scan.js";

const page = document.querySelector("[data-field]");
const form = document.querySelector("[data-field-form]");
const shops = document.querySelector("[data-field-shops]");
const camera = document.querySelector("[data-field-camera]");

/** Measure and months are asked for only where the chosen violation is counted by them. */
function measure() {
  const units = JSON.parse(document.getElementById("field-units").textContent);
  const unit = units[form.elements.offence.value] || "each";
  form.querySelector("[data-field-measure]").hidden = unit === "each";
  form.elements.months.closest("[data-field-row]").hidden = unit !== "m2_month";
}

/** The names of the chosen files, in place of the browser's own words. */
function chosen() {
  for (const place of document.querySelectorAll("[data-field-chosen]")) {
    const files = [...document.querySelector(`[aria-describedby="${place.id}"]`).files];
    place.replaceChildren(...files.map(({ name }) => Object.assign(document.createElement("bdi"), { textContent: name })));
  }
}

/** Without vowel signs, and with one shape of each letter that is written in several. */
const folded = (text) => text.normalize("NFKD").replace(/[\u064b-\u065f\u0670\u0640]/g, "").replace(/ة/g, "ه").replace(/ى/g, "ي").toLowerCase();

/** The offences that have every typed word; the chosen one stays. */
function filtering() {
  const box = form.querySelector("[data-field-filter]");
  box.hidden = false;
  box.querySelector("input").addEventListener("input", ({ target }) => {
    const words = folded(target.value).split(/\s+/);
    for (const group of form.querySelectorAll("#step-offence fieldset")) {
      for (const label of group.querySelectorAll("label")) {
        const text = folded(label.textContent);
        label.hidden = !label.querySelector("input").checked && !words.every((word) => text.includes(word));
      }
      group.hidden = !group.querySelector("label:not([hidden])");
    }
  });
  box.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
}

/** Places of the device are asked for once, when the button is pressed, and sent in the body. */
function nearby() {
  const near = shops.querySelector("[data-field-near]");
  if (!navigator.geolocation) return;
  near.hidden = false;
  near.addEventListener("submit", (event) => {
    if (near.elements.latitude.value) return;
    event.preventDefault();
    const said = near.querySelector("[data-field-located]");
    said.textContent = said.dataset.textBusy;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        near.elements.latitude.value = coords.latitude.toFixed(6);
        near.elements.longitude.value = coords.longitude.toFixed(6);
        near.submit();
      },
      () => {
        said.textContent = said.dataset.textNone;
        for (const pressed of near.querySelectorAll("button")) { pressed.disabled = false; pressed.classList.remove("is-busy"); }
      },
      { enableHighAccuracy: true, timeout: 15000 },
    );
  });
}

document.addEventListener("change", chosen);
chosen();

if (shops) {
  nearby();
  scanning(shops.querySelector("[data-field-scan]"), camera, (text) => {
    const [, shop] = /\/shops\/([0-9A-Za-z]{26})(?:\/|$)/.exec(text) ?? [];
    location.assign(shop ? shops.dataset.shop.replace("/0/", `/${shop}/`) : `?q=${encodeURIComponent(text)}`);
  });
  navigator.serviceWorker?.register(shops.dataset.worker).catch(() => {});
}

if (page) {
  // The store keeps its first name, "minutes": devices hold unsent violation reports in it.
  const queue = new Queue(new Store("kp-field", "minutes"), page.dataset.sync, { check: page.dataset.check });
  const panel = new Panel(document.querySelector("[data-field-queue]"), queue, new Check(document.querySelector("[data-field-check]")));
  if (form) {
    measure();
    filtering();
    form.addEventListener("change", measure);
    for (const photos of form.querySelectorAll("[data-field-photos]")) photos.hidden = false;
    const title = () => form.querySelector("[name=offence]:checked")?.closest("label").querySelector("[data-field-name]").textContent || "";
    const begun = () => {
      measure();
      chosen();
      location.hash = form.querySelector("section[id]").id;
    };
    const visit = new VisitForm(form, queue, panel, { title, begun });
    // "Against whom" is said of the first of these fields, and any of them answers it.
    for (const name of ["civil_id", "party_name_ar", "place_note"]) {
      form.elements[name]?.addEventListener("input", () => visit.mended(form.elements.shop_no));
    }
    scanning(form.querySelector("[data-field-scan]"), camera, (text) => {
      form.elements.shop_no.value = text;
      visit.mended(form.elements.shop_no);
    });
  }
  start(queue, panel, page.dataset.worker);
}
