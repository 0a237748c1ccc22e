// The part of the report's page that works without a line: it registers the service worker, shows what waits on this phone and sends it
// when there is a line, and takes photos that were shared from the gallery. The form works without this file.

import { FULL, SHARED, SYNC, again, drop, keep, send, store } from "./report_store.js";

const box = document.querySelector("[data-report-app]");
const form = document.querySelector("[data-report]");
const urls = { send: box.dataset.send, photo: box.dataset.photo, large: box.dataset.textLarge };
const said = box.querySelector("[data-report-said]");
const query = location.search;
let isOld = "cached" in box.dataset; // the token of a kept page is nobody's
let opened = ""; // the key of the entry that the form holds: it stays on the phone until the form is sent

/** A kept page has the key of no report, and a key that was used once is of that report. */
async function renew() {
  const { value } = form.elements.key;
  const isUsed = value !== opened && await store.find(value);
  if (!isUsed && !("cached" in box.dataset)) return;
  delete box.dataset.cached;
  form.elements.key.value = crypto.randomUUID();
  form.elements.opened.value = new Date().toISOString();
}

async function takeToken() {
  const told = await fetch(urls.send, { headers: { Accept: "application/json" } }).then((answer) => answer.json()).catch(() => null);
  if (told) form.elements.csrfmiddlewaretoken.value = told.token;
  isOld = false;
}

/** Sent now, or as soon as there is a line: by the worker where the browser wakes it, else when a page of the form opens. */
async function sendAll() {
  try {
    await send(urls);
  } catch {
    const ready = await navigator.serviceWorker?.getRegistration();
    await ready?.sync?.register(SYNC).catch(() => {});
  }
}

async function show() {
  const entries = (await store.all()).filter(({ key }) => key !== SHARED && key !== opened);
  if (said.textContent === box.dataset.textKept && !entries.some((entry) => entry.state === "waiting")) said.textContent = "";
  box.hidden = !entries.length && !said.textContent;
  if (entries.length) navigator.storage?.persist?.(); // or a browser may clear it when the phone is full
  box.querySelector("[data-report-entries]").replaceChildren(...entries.map(line));
  await renew();
}

function line(entry) {
  const made = document.createElement("li");
  const name = document.createElement("strong");
  const code = entry.fields.find(([field]) => field === "category")?.[1];
  const tile = code && form.querySelector(`[name=category][value="${CSS.escape(code)}"]`)?.closest("label");
  name.textContent = tile?.textContent.trim() ?? "";
  const state = document.createElement("span");
  state.textContent = box.dataset[`text${entry.state[0].toUpperCase()}${entry.state.slice(1)}`];
  made.append(name, " ", state);
  const { length } = entry.photos;
  if (entry.state === "waiting" && length) made.append(" ", bdi(`${entry.photos.filter((photo) => photo.sent).length} / ${length}`));
  if (entry.sentence) made.append(Object.assign(document.createElement("p"), { textContent: entry.sentence }));
  const acts = Object.assign(document.createElement("p"), { className: "kp-row" });
  if (entry.state === "sent") {
    const link = Object.assign(document.createElement("a"), { href: entry.url });
    link.append(bdi(entry.number));
    acts.append(link, button(box.dataset.textDone, () => drop(entry.key)));
  } else {
    acts.append(button(box.dataset.textAgain, () => again(entry).then(sendAll)));
    if (entry.state === "conflict") acts.append(button(box.dataset.textOpen, () => open(entry)));
    acts.append(button(box.dataset.textDrop, (pressed) => remove(pressed, entry)));
  }
  made.append(acts);
  return made;
}

/** Nothing is removed by one slip of a finger. */
function remove(pressed, entry) {
  if (pressed.dataset.sure) drop(entry.key);
  else {
    pressed.dataset.sure = "1";
    pressed.textContent = box.dataset.textSure;
  }
}

/** Back into the form, with its photos and under its key; it leaves the list, and the phone once the form is sent. */
async function open(entry) {
  const fields = entry.fields.filter(([name]) => name !== "person"); // it is the report of whoever sends it from here
  for (const [name, value] of fields) if (form.elements[name]) form.elements[name].value = value;
  opened = entry.key;
  fill(entry.photos.filter((photo) => !photo.sent));
  form.scrollIntoView();
  await show();
}

function fill(photos) {
  const input = form.elements.photos;
  const list = new DataTransfer();
  for (const { file } of photos) list.items.add(file);
  input.files = list.files;
  if (photos.length) input.dispatchEvent(new Event("change", { bubbles: true }));
}

async function takeShared() {
  const entry = await store.find(SHARED);
  if (!entry) return;
  fill(entry.photos);
  const words = entry.fields[0][1];
  if (words && !form.elements.words.value) form.elements.words.value = words;
  await drop(SHARED);
}

function bdi(text) {
  return Object.assign(document.createElement("bdi"), { dir: "ltr", textContent: text });
}

function button(text, act) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "kp-btn kp-btn--quiet", textContent: text });
  made.addEventListener("click", () => act(made));
  return made;
}

/** The worker had no room for what this form sent; the form is as it was. */
function lack() {
  if (!form.dataset.sent) return; // it was sent from another tab
  dispatchEvent(new Event("pageshow")); // its buttons can be pressed again
  said.textContent = box.dataset.textFull;
  box.hidden = false;
  box.scrollIntoView();
}

async function begin() {
  // The dates of a kept page were counted from the day on which it was kept.
  form.querySelector("[data-report-dated]").hidden = isOld;
  form.querySelector("[data-report-undated]").hidden = !isOld;
  new BroadcastChannel("kp-reports").addEventListener("message", ({ data }) => (data === FULL ? lack() : show()));
  addEventListener("online", sendAll);
  form.addEventListener("submit", async (event) => {
    const { submitter } = event;
    if (opened && submitter?.name === "_language" && !navigator.onLine) { // another language has to be fetched; the kept report stays
      event.preventDefault();
      return;
    }
    const isWorkers = navigator.onLine || navigator.serviceWorker?.controller; // the worker keeps it
    if (!isOld && !opened && (isWorkers || submitter?.name === "_language")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (isOld || opened) {
      if (isOld) await takeToken();
      if (opened) await drop(opened);
      opened = "";
      form.requestSubmit(submitter);
      return;
    }
    const isKept = await keep(new FormData(form)).then(() => true, () => false);
    said.textContent = isKept ? box.dataset.textKept : box.dataset.textFull;
    if (isKept) form.reset();
    await show();
  }, true);
  if (query === "?kept") said.textContent = box.dataset.textKept;
  if (query === "?full") said.textContent = box.dataset.textFull;
  if (query === "?kept" || query === "?full" || query === "?shared") history.replaceState(null, "", location.pathname + location.hash);
  await takeShared();
  await show();
  await sendAll();
  const registered = await navigator.serviceWorker?.register(box.dataset.worker, { type: "module" }).catch(() => null);
  if (!registered) return;
  const { active } = await navigator.serviceWorker.ready;
  const files = performance.getEntriesByType("resource").map(({ name }) => name).filter((name) => new URL(name).pathname.startsWith(box.dataset.static));
  active.postMessage({ files });
}

begin();
