// The inspector's device: finding the shop, and the form of a violation report, kept and sent by fieldwork.js. Every page works without it.

import { Check, Panel, Queue, Store, VisitForm, newest, picture, start } from "./fieldwork.js";
import { scanning } from "./scan.js";

const page = document.querySelector("[data-field]");
const form = document.querySelector("[data-field-form]");
const shops = document.querySelector("[data-field-shops]");
const camera = document.querySelector("[data-field-camera]");

const person = newest(document.querySelector("[data-field-person]")?.dataset ?? {});

const facts = (id) => JSON.parse(document.getElementById(id).textContent);
const unitOf = () => facts("field-units")[form.elements.offence.value] || "each";

/** Measure and months are asked for only where the chosen violation is counted by them, and right below it. */
function measure() {
  const unit = unitOf();
  const measured = form.querySelector("[data-field-measure]");
  const appears = measured.hidden && unit !== "each";
  measured.hidden = unit === "each";
  const words = facts("field-unit-words");
  if (words[unit]) measured.querySelector("label").textContent = words[unit];
  const help = measured.querySelector(".help");
  if (help) help.hidden = Boolean(words[unit]); // the label says it already
  form.querySelector("[name=offence]:checked")?.closest("label").after(measured);
  if (appears && document.activeElement?.name === "offence") measured.scrollIntoView({ block: "center" });
  const months = form.elements.months.closest("[data-field-row]");
  months.hidden = unit !== "m2_month";
  if (words.months) months.querySelector("label").textContent = words.months;
}

/** The measure that the chosen offence needs is given before the next step: what is missing is said beside its field. */
function stopUnmeasured(event, visit) {
  const missing = facts("field-unit-missing");
  const wrong = {};
  for (const box of [form.elements.quantity, form.elements.months]) {
    box.required = box.checkVisibility();
    if (box.validity.valid) continue;
    wrong[box.name] = [box.validity.valueMissing ? missing[box.name === "months" ? "months" : unitOf()] : box.validationMessage];
  }
  if (!Object.keys(wrong).length) return;
  event.preventDefault();
  visit.tell(wrong, "");
}

const kept = new Map(); // by input: its files, since a second choice would replace the first one

/** What was taken or chosen is added to what is there, up to the limit of the form; the camera adds to the input that it names. */
function take(input) {
  const into = document.getElementById(input.dataset.fieldInto) ?? input;
  const before = into.multiple || !input.files.length ? kept.get(into) ?? [] : [];
  const same = (one) => (other) => one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;
  const all = [...before, ...[...input.files].filter((file) => !before.some(same(file)))];
  const most = Number(into.dataset.fieldMost) || 1;
  if (input !== into) input.value = "";
  hold(into, all.slice(0, most), all.length > most);
}

function hold(input, files, tooMany = false) {
  kept.set(input, files);
  const list = new DataTransfer();
  for (const file of files) list.items.add(file);
  input.files = list.files;
  show(input, tooMany);
}

/** The chosen files, each small and with a button that removes it, in place of the browser's own words. */
function show(input, tooMany = false) {
  const said = document.getElementById(`${input.id}-chosen`);
  const place = document.getElementById(`${input.id}-files`);
  const files = [...input.files];
  said.textContent = tooMany ? said.dataset.textMost : "";
  place.replaceChildren(...files.map((file, at) => {
    const line = document.createElement("li");
    const name = Object.assign(document.createElement("bdi"), { textContent: file.name });
    const size = Object.assign(document.createElement("bdi"), { textContent: `${Math.ceil(file.size / 1024)} KB`, dir: "ltr" });
    const remove = Object.assign(document.createElement("button"), { type: "button", className: "button kp-desk-second" });
    remove.textContent = place.dataset.textRemove;
    remove.setAttribute("aria-label", `${place.dataset.textRemove}: ${file.name}`);
    remove.addEventListener("click", () => {
      hold(input, files.filter((_, other) => other !== at));
      input.focus();
    });
    line.append(picture(file), name, size, remove);
    return line;
  }));
}

/** The inputs whose files are shown: all but those that add to another one. */
const holders = () => document.querySelectorAll("[data-field-most]");

function emptied() {
  kept.clear();
  for (const input of holders()) show(input);
}

/** Without vowel signs, and with one shape of each letter that is written in several. */
const folded = (text) => text.normalize("NFKD").replace(/[\u064b-\u065f\u0670\u0640]/g, "").replace(/ة/g, "ه").replace(/ى/g, "ي").toLowerCase();

/** The offences that have a typed word, in their text or their everyday words, those with most words first; the chosen one stays. */
function filtering() {
  const box = form.querySelector("[data-field-filter]");
  const none = form.querySelector("[data-field-unfound]");
  const orders = new Map([...form.querySelectorAll("#step-offence fieldset")].map((group) => [group, [...group.querySelectorAll(".kp-field-pick")]]));
  box.hidden = false;
  box.querySelector("input").addEventListener("input", ({ target }) => {
    const words = folded(target.value).trim().split(/\s+/).filter((word, _, all) => word.length > 1 || all.length === 1);
    let found = 0;
    for (const group of form.querySelectorAll("#step-offence fieldset")) {
      const scored = orders.get(group).map((label) => {
        const text = folded(`${label.textContent} ${label.dataset.words ?? ""}`);
        return { label, score: words.filter((word) => text.includes(word)).length };
      });
      for (const { label, score } of scored.sort((one, other) => other.score - one.score)) {
        found += score > 0;
        label.hidden = !label.querySelector("input").checked && !score;
        group.append(label);
      }
      group.hidden = !group.querySelector(".kp-field-pick:not([hidden])");
    }
    none.hidden = found > 0;
    measure();
  });
  none.querySelector("button").addEventListener("click", () => {
    const typed = box.querySelector("input");
    typed.value = "";
    typed.dispatchEvent(new Event("input", { bubbles: true }));
    typed.focus();
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

/** A page that waits for its notice asks for it, and shows its link once it is written: what is typed or open on the page stays. */
function waiting(box) {
  setTimeout(async () => {
    const answer = await fetch(box.dataset.fieldWaits, { cache: "no-store" }).then((told) => told.json()).catch(() => ({}));
    if (!answer.done) {
      waiting(box);
      return;
    }
    box.querySelector("[data-field-waiting]").hidden = true;
    box.querySelector("[data-field-ready]").hidden = false;
  }, 3000);
}

for (const box of document.querySelectorAll("[data-field-waits]")) waiting(box);
document.addEventListener("change", ({ target }) => { if (target.matches("[data-field-most], [data-field-into]")) take(target); });
for (const input of holders()) if (input.files.length) take(input);

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
  const queue = new Queue(new Store("kp-field", "minutes"), page.dataset.sync, { check: page.dataset.check, person });
  const panel = new Panel(document.querySelector("[data-field-queue]"), queue, new Check(document.querySelector("[data-field-check]")));
  if (form) {
    // A line of the check that is missing something leads to where it is filled in.
    document.querySelector("[data-field-check]").addEventListener("click", (event) => {
      const link = event.target.closest("a[data-field-step]");
      if (!link) return;
      event.preventDefault();
      event.currentTarget.close("back");
      location.hash = link.hash;
      setTimeout(() => document.getElementById(link.dataset.fieldStep)?.focus());
    });
    measure();
    filtering();
    form.addEventListener("change", measure);
    for (const photos of form.querySelectorAll("[data-field-photos]")) photos.hidden = false;
    const title = () => form.querySelector("[name=offence]:checked")?.closest("label").querySelector("[data-field-name]").textContent || "";
    const begun = () => {
      // The next report is not one in place of the annulled one.
      form.elements.photos_of.value = "";
      form.querySelector("[data-field-kept]")?.remove();
      measure();
      emptied();
      location.hash = form.querySelector("section[id]").id;
    };
    const visit = new VisitForm(form, queue, panel, { title, begun });
    // "Against whom" is said of the first of these fields, and any of them answers it.
    for (const name of ["civil_id", "party_name_ar", "place_note"]) {
      form.elements[name]?.addEventListener("input", () => visit.mended(form.elements.shop_no));
    }
    form.querySelector("a[href='#step-end']").addEventListener("click", (event) => stopUnmeasured(event, visit));
    scanning(form.querySelector("[data-field-scan]"), camera, (text) => {
      form.elements.shop_no.value = text;
      visit.mended(form.elements.shop_no);
    });
  }
  start(queue, panel, page.dataset.worker);
}
