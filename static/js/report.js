// The form of a report, one section a screen: tiles that move on by one tap, the place of the device, a pin on the map, and the promise.
// Without this file the form is one page with one button, and everything else is the same.

import { fitting, under } from "./report_kinds.js";
import { frame, picture } from "./report_shots.js";

const L = window.L;
const form = document.querySelector("[data-report]");
const STEP = 5 / 111195; // degrees of latitude in five metres
const ORDER = ["low", "normal", "high", "urgent", "emergency"];
const find = (name) => form.querySelector(`[data-report-${name}]`);
const field = (name) => form.elements[name];

// Screens

const steps = [...form.querySelectorAll("[data-report-step]")];
const marks = find("marks");
const [back, on, check] = [find("back"), find("on"), find("check")];
const similar = document.querySelector("[data-report-similar]");
const stepped = !form.classList.contains("is-whole");
let now = 0;

function show(index, { focus = true } = {}) {
  now = Math.max(0, Math.min(index, steps.length - 1));
  steps.forEach((step, at) => { step.hidden = at !== now; });
  [...marks.children].forEach((mark, at) => {
    mark.classList.toggle("is-done", at < now);
    mark.classList.toggle("is-now", at === now);
  });
  back.hidden = now === 0;
  on.hidden = now === steps.length - 1;
  check.hidden = !on.hidden;
  if (focus) {
    scrollTo(0, 0);
    steps[now].focus({ preventScroll: true });
  }
  similar.hidden = now !== steps.length - 1;
  strip.hidden = now === 0;
  find("lack").textContent = "";
  if (steps[now].id === "place") {
    find("map").open = true; // it is drawn when it has a size
    map?.invalidateSize({ animate: false }); // it had none while another step was shown
    aim(true);
    askDevice();
  }
  name();
  promise();
}

/** The main button of the place says that it is right, once there is one. */
function name() {
  on.dataset.textOn ??= on.textContent;
  on.textContent = steps[now].id === "place" && field("position").value ? on.dataset.textHere : on.dataset.textOn;
}

function go(index) {
  if (index === now) return;
  history.pushState({ report: index }, "", `#${steps[index].id}`);
  show(index);
}

/** What the step that is shown lacks, as the portal would say it; photos that it does not have yet may say where they were taken. */
function lacking() {
  const kind = chosen();
  if (steps[now].id === "what") return !kind ? form.dataset.textWhat : severity(kind) === null ? form.dataset.textAnswer : "";
  if (steps[now].id !== "place" || ["position", "shop", "board", "area"].some((one) => field(one).value)) return "";
  const isOpen = form.querySelector("[data-shot]") || [...kept.values()].flat().some((file) => !held.has(file));
  return isOpen ? "" : form.dataset.textWhere;
}

/** The step that an address names; 0 for another one. */
const named = () => Math.max(0, steps.findIndex((step) => `#${step.id}` === location.hash));

// Photos

const [shots, strip] = [find("shots"), find("strip")];
const kept = new Map(); // by input, since a second choice would replace the first one
const held = new Map(); // file → its id, once the portal has it: the form does not send it again

function take(input) {
  const before = kept.get(input) ?? [];
  const same = (one) => (other) => one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;
  const added = [...input.files].filter((file) => !before.some(same(file)));
  hold(input, [...before, ...added]);
  for (const file of added) send(input, file);
}

function hold(input, files) {
  const others = [...kept].filter(([one]) => one !== input).reduce((sum, [, list]) => sum + list.length, 0);
  const most = Number(form.dataset.most) - others;
  kept.set(input, files.slice(0, most));
  const list = new DataTransfer();
  for (const file of kept.get(input)) if (!held.has(file)) list.items.add(file);
  input.files = list.files;
  draw(files.length > most);
}

/** Have the portal keep a photo while the rest is filled in; what fails here goes with the form, which says why. */
async function send(input, file) {
  if (!kept.get(input).includes(file)) return;
  const told = await post({ photo: file, photo_at: new Date(file.lastModified).toISOString() });
  if (!told) return;
  held.set(file, told.id);
  if (told.key !== field("key").value || !kept.get(input)?.includes(file)) await drop(file, told.key); // removed meanwhile, or of another report
  else {
    hold(input, kept.get(input));
    if (told.latitude !== null) suggest(told.latitude, told.longitude);
  }
}

async function post(values) {
  const body = new FormData();
  const own = { key: field("key").value, csrfmiddlewaretoken: field("csrfmiddlewaretoken").value };
  for (const [name, value] of Object.entries({ ...own, ...values })) body.append(name, value);
  try {
    const answer = await fetch(form.dataset.photo, { method: "POST", body, headers: { Accept: "application/json" } });
    return answer.ok ? { key: body.get("key"), ...(await answer.json()) } : null;
  } catch {
    return null;
  }
}

/** Whether the portal keeps a photo no more, or never did. */
async function drop(file, key = field("key").value) {
  const gone = !held.has(file) || Boolean(await post({ key, remove: held.get(file) }));
  if (gone) held.delete(file);
  return gone;
}

function draw(tooMany) {
  shots.replaceChildren();
  strip.replaceChildren();
  let count = 0;
  for (const [input, files] of kept) {
    for (const file of files) {
      count += 1;
      const line = document.createElement("li");
      const [canvas, small] = [frame(), frame()];
      const label = Object.assign(document.createElement("bdi"), { textContent: file.name });
      const remove = Object.assign(document.createElement("button"), { type: "button", className: "kp-btn kp-btn--quiet" });
      remove.textContent = form.dataset.textRemove;
      remove.setAttribute("aria-label", `${form.dataset.textRemove}: ${file.name}`);
      remove.addEventListener("click", async () => {
        if (await drop(file)) hold(input, kept.get(input).filter((one) => one !== file));
        else find("photos").textContent = form.dataset.textNotRemoved;
      });
      line.append(canvas, label, remove);
      shots.append(line);
      strip.append(small);
      picture(file, held.get(file), canvas, small);
    }
  }
  find("photos").textContent = tooMany ? form.dataset.textMost : count ? `${form.dataset.textPhotos} ${count}` : "";
}

form.addEventListener("reset", () => {
  kept.clear();
  held.clear();
  draw();
  asked = false;
  setTimeout(() => { // the fields are empty then
    forget("area");
    promise();
    if (stepped) go(0);
  });
});

// The place

let map = null;
let pin = null;
let asked = false;

function place() {
  const match = /^\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)\s*$/.exec(field("position").value);
  return match && [Number(match[1]), Number(match[2])];
}

/** The place that a camera wrote into its photo, unless somebody said another; it can be taken back. */
function suggest(latitude, longitude) {
  const source = field("source").value;
  if (!["", "device"].includes(source) || (!source && isSaid())) return;
  const before = place() && [...place(), source, field("accuracy").value];
  put(latitude, longitude, "photo");
  find("undo").hidden = false;
  find("undo").onclick = () => {
    if (before) put(...before);
    else forget("area");
    asked = Boolean(before);
    askDevice();
    (find("here").hidden ? find("map").querySelector("summary") : find("here")).focus();
  };
}

function put(latitude, longitude, source, accuracy = "") {
  find("undo").hidden = true;
  field("position").value = `${latitude.toFixed(6)}, ${longitude.toFixed(6)}`;
  field("source").value = source;
  field("accuracy").value = accuracy;
  field("area").value = "";
  find("note").textContent = source === "photo" ? form.dataset.textPhoto : accuracy ? `${form.dataset.textMetres} ${accuracy}` : "";
  aim();
  tell();
  name();
}

const areas = JSON.parse(document.getElementById("report-areas").textContent); // id of an area → its place

/** Show the pin, or the area that was chosen from the list; `anew` also where the map has it in sight. */
function aim(anew = false) {
  const at = place();
  if (map && !at && areas[field("area").value]) map.setView(areas[field("area").value], 14, { animate: false });
  if (!map || !at) return;
  if (!pin) {
    const html = find("where").querySelector("svg").cloneNode(true);
    const icon = L.divIcon({ className: "kp-report__pin", html, iconSize: [44, 44], iconAnchor: [22, 40] });
    pin = L.marker(at, { icon, draggable: true, autoPan: true, title: form.querySelector(".kp-map").dataset.label }).addTo(map);
    pin.on("dragend", () => put(pin.getLatLng().lat, pin.getLatLng().lng, "pin"));
    map.setView(at, 17, { animate: false });
  }
  pin.setLatLng(at);
  if (anew) map.setView(at, Math.max(map.getZoom(), 15), { animate: false });
  else if (!map.getBounds().contains(at)) map.panTo(at);
}

let telling = 0;

/** Area and block of the position, in the page's own words. */
function tell() {
  clearTimeout(telling);
  telling = setTimeout(async () => {
    const [text, ok] = await fragment({ position: field("position").value });
    find("where").hidden = !text || !place();
    if (ok) find("near").replaceChildren(...nodes(text));
    else find("near").textContent = text;
  }, 250);
}

const nodes = (text) => new DOMParser().parseFromString(text, "text/html").body.childNodes;

/** Similar reports nearby stand above the last screen; going on is always possible. */
async function compare(kind) {
  const [text, ok] = await fragment({ position: field("position").value, category: kind.dataset.reportKind });
  similar.replaceChildren(...nodes(ok ? text : ""));
}

async function fragment(query) {
  try {
    const response = await fetch(`${form.dataset.near}?${new URLSearchParams(query)}`);
    return [response.ok || response.status === 400 ? (await response.text()).trim() : "", response.ok];
  } catch {
    return ["", false]; // no network now: the page after this one says the same
  }
}

const ADDRESS = ["area", "street_block", "street"];

/** The place of device or photo is not that of an address that is typed by hand; a pin stays beside a block and a street. */
function forget(changed) {
  if (changed !== "area" && !["device", "photo"].includes(field("source").value)) return;
  find("undo").hidden = true;
  for (const one of ["position", "source", "accuracy"]) field(one).value = "";
  find("note").textContent = "";
  find("where").hidden = true;
  pin?.remove();
  pin = null;
  name();
}

const isSaid = () => ["position", "shop", "board", ...ADDRESS].some((name) => field(name).value);

function askDevice(again = false) {
  if (!navigator.geolocation || (!again && (asked || isSaid()))) return;
  asked = true;
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      if (again || !isSaid()) put(coords.latitude, coords.longitude, "device", String(Math.round(coords.accuracy)));
    },
    () => { if (again || !place()) find("note").textContent = form.dataset.textFailed; },
    { enableHighAccuracy: true, timeout: 10000, maximumAge: 30000 },
  );
}

// What it is

const promises = JSON.parse(document.getElementById("report-promises").textContent);

function chosen() {
  return form.querySelector("[name=category]:checked")?.closest("[data-report-kind]");
}

/** The severity by the answers, as `promises.severity_of` finds it; null while a required question is open. */
function severity(kind) {
  let found = promises[kind.dataset.reportKind].base;
  for (const group of kind.querySelectorAll("[data-raises-to]")) {
    const answer = group.querySelector(":checked")?.value;
    if (group.dataset.required && !answer) return null;
    if (answer === group.dataset.raisesOn && ORDER.indexOf(group.dataset.raisesTo) > ORDER.indexOf(found)) found = group.dataset.raisesTo;
  }
  return found;
}

function promise() {
  const kind = chosen();
  const found = kind && severity(kind);
  const stops = found === "emergency";
  find("promise").hidden = !found || stops;
  under(kind, find("promise"), find("bar"));
  find("stop").hidden = !stops;
  on.disabled = check.disabled = stops;
  if (found && !stops) find("due").textContent = promises[kind.dataset.reportKind][found];
  return found;
}

function choose() {
  const kind = chosen();
  const found = promise();
  const asks = kind.querySelector(".kp-report__asked");
  if (found !== "emergency" && field("position").value) compare(kind);
  if (!isPressed) return;
  if (found === "emergency") find("stop").scrollIntoView({ block: "center" });
  else if (asks) asks.scrollIntoView({ block: "center" });
  else if (kind.dataset.reportKind === "other" && !field("words").value) field("words").focus();
  else if (stepped) go(steps.length - 1);
}

function search({ target }) {
  const kinds = [...form.querySelectorAll("[data-report-kind]")];
  const fits = fitting(kinds, target.value);
  for (const kind of kinds) kind.hidden = Boolean(fits?.length) && !fits.includes(kind);
  find("found").textContent = fits && !fits.length ? find("found").dataset.text : "";
  promise();
}

// Beginning

let isPressed = true; // the arrow keys only go through the tiles
form.addEventListener("pointerdown", () => { isPressed = true; });
form.addEventListener("keydown", (event) => {
  isPressed = !event.key?.startsWith("Arrow");
  if (!stepped || event.target.name !== "category" || ![" ", "Enter"].includes(event.key)) return;
  event.preventDefault();
  event.target.checked = true;
  choose();
});
form.addEventListener("change", ({ target }) => {
  find("lack").textContent = "";
  if (target.type === "file") {
    take(target);
    if (stepped && shots.children.length === 1 && now === 0) go(1);
  } else if (target.name === "category") choose();
  else if (target.closest(".kp-report__asked")) promise();
  else if (ADDRESS.includes(target.name)) {
    forget(target.name);
    if (target.name === "area") aim();
  }
  else if (target.name === "position") {
    field("source").value = "pin";
    find("undo").hidden = true;
    aim();
    tell();
  }
});
field("find").addEventListener("input", search);
field("find").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return; // the kinds are shown; the report is not sent by it
  event.preventDefault();
  event.target.blur(); // and the keyboard of a phone gives way to them
});
find("map").querySelector(".kp-map").addEventListener("kp-map", ({ detail }) => {
  map = detail;
  map.on("click", ({ latlng }) => put(latlng.lat, latlng.lng, "pin"));
  aim();
});
for (const button of form.querySelectorAll("[data-report-move]")) {
  button.addEventListener("click", () => {
    const [north, east] = button.dataset.reportMove.split(",").map(Number);
    const [latitude, longitude] = place() ?? (map ? [map.getCenter().lat, map.getCenter().lng] : [29.3759, 47.9774]);
    put(latitude + north * STEP, longitude + (east * STEP) / Math.cos((latitude * Math.PI) / 180), "pin");
  });
}
if (navigator.geolocation && window.isSecureContext) {
  find("here").hidden = false;
  find("here").addEventListener("click", () => askDevice(true));
}
form.action = location.pathname + location.search; // the page that says what is wrong begins at its top, not at the last step
if (stepped) {
  form.classList.add("is-stepped");
  marks.hidden = false;
  find("typed").open = Boolean(field("area").value);
  back.addEventListener("click", () => { if (history.state?.report) history.back(); else show(now - 1); });
  on.addEventListener("click", () => {
    const lack = lacking();
    find("lack").textContent = lack;
    if (!lack) go(now + 1);
    else if (steps[now].id === "place") find("typed").open = true;
  });
  addEventListener("popstate", () => show(named()));
  show(named(), { focus: false });
} else promise();
