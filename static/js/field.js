// The inspector's device: it keeps a minute where there is no line and sends it once there is one. Every page works without it.

const page = document.querySelector("[data-field]");
const form = document.querySelector("[data-field-form]");
const box = document.querySelector("[data-field-queue]");
const store = "minutes";

/** The device's own table of minutes; an entry stays until the portal says that it has it. */
function open() {
  return new Promise((done, failed) => {
    const asked = indexedDB.open("kp-field", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(store, { keyPath: "key" });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
}

async function table(mode, act) {
  const base = await open();
  return new Promise((done, failed) => {
    const change = base.transaction(store, mode);
    const asked = act(change.objectStore(store));
    change.oncomplete = () => { base.close(); done(asked?.result); };
    change.onerror = change.onabort = () => { base.close(); failed(change.error); };
  });
}

const all = () => table("readonly", (rows) => rows.getAll());
const keep = (entry) => table("readwrite", (rows) => rows.put(entry));
const drop = (key) => table("readwrite", (rows) => rows.delete(key));
const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";

function say(text) {
  const place = box?.querySelector("[data-field-said]");
  if (place) place.textContent = text;
}

/** What lies on this device, each with its state, and what to do with one that was not taken. */
async function show() {
  if (!box) return;
  const entries = await all();
  box.hidden = entries.length === 0;
  const list = box.querySelector("[data-field-entries]");
  list.replaceChildren(...entries.map((entry) => {
    const line = document.createElement("li");
    const name = document.createElement("b");
    name.textContent = entry.title;
    const about = document.createElement("small");
    about.textContent = `${box.dataset[`text${entry.state[0].toUpperCase()}${entry.state.slice(1)}`]} · ${new Date(entry.seen).toLocaleString("ar-KW-u-nu-latn")}`;
    line.append(name, about);
    if (entry.state === "conflict") {
      const why = document.createElement("span");
      why.className = "kp-desk-bad";
      why.textContent = entry.sentence;
      line.append(why, button(box.dataset.textAgain, () => again(entry)), button(box.dataset.textDrop, (pressed) => sure(pressed, entry)));
    }
    return line;
  }));
}

function button(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button kp-desk-second";
  made.textContent = text;
  made.addEventListener("click", () => act(made));
  return made;
}

async function again(entry) {
  await keep({ ...entry, state: "waiting", sentence: "" });
  await send();
}

/** Nothing is removed by one slip of a finger. */
async function sure(pressed, entry) {
  if (pressed.dataset.sure) {
    await drop(entry.key);
    await show();
    return;
  }
  pressed.dataset.sure = "1";
  pressed.textContent = box.dataset.textSure;
}

let sending = false;
// Where the portal put what this page has sent.
const arrived = {};

/** Send what waits, one after the other. Only the portal's word that it has it takes an entry off the device. */
async function send() {
  if (sending || !page) return;
  sending = true;
  try {
    for (const entry of await all()) {
      if (entry.state === "conflict") continue;
      const body = new FormData();
      for (const [name, value] of entry.fields) body.append(name, value);
      body.set("csrfmiddlewaretoken", token());
      let answer;
      try {
        answer = await fetch(page.dataset.sync, { method: "POST", body, redirect: "manual", headers: { Accept: "application/json" } });
      } catch {
        say(box?.dataset.textKept || "");
        break;
      }
      if (answer.status === 200 || answer.status === 201) {
        const told = await answer.json();
        await drop(entry.key);
        arrived[entry.key] = told.url;
        if (told.refused.length) say(told.refused.join(" "));
      } else if (answer.status === 400 || answer.status === 403 || answer.status === 409) {
        const told = await answer.json().catch(() => null);
        if (told) await keep({ ...entry, state: "conflict", sentence: told.sentence, wrong: told.fields });
        else { say(box?.dataset.textSignIn || ""); break; }
      } else if (answer.type === "opaqueredirect") {
        say(box?.dataset.textSignIn || "");
        break;
      } else {
        say(box?.dataset.textKept || "");
        break;
      }
    }
  } finally {
    sending = false;
    await show();
  }
}

/** What is pressed is kept first and sent then: a line that breaks in the middle loses nothing and doubles nothing. */
async function submit(event) {
  event.preventDefault();
  const data = new FormData(form);
  const key = data.get("client_key");
  const fields = [...data.entries()].filter(([name, value]) => name !== "csrfmiddlewaretoken" && !(value instanceof File && !value.size));
  await keep({
    key,
    seen: data.get("seen_at"),
    title: form.elements.offence.selectedOptions[0]?.textContent || "",
    fields,
    state: "waiting",
    sentence: "",
  });
  await send();
  if (arrived[key]) {
    location.assign(arrived[key]);
    return;
  }
  const entry = (await all()).find((one) => one.key === key);
  if (entry?.wrong) {
    // Facts that do not fit are mended in the form, which still holds them and the photos.
    await drop(key);
    await show();
    tell(entry.wrong, entry.sentence);
    return;
  }
  form.reset();
  begin();
  measure();
  box.scrollIntoView();
}

/** Each problem stands beside its field; the first one takes the focus. */
function tell(wrong, sentence) {
  for (const old of form.querySelectorAll("[data-field-wrong]")) old.remove();
  let first;
  for (const [name, problems] of Object.entries(wrong)) {
    const control = form.elements[name];
    if (!control || control.type === "hidden" || !control.closest) continue;
    const why = document.createElement("span");
    why.className = "kp-desk-bad";
    why.dataset.fieldWrong = "1";
    why.setAttribute("role", "alert");
    why.textContent = problems.join(" ");
    control.closest("p").append(why);
    first ||= control;
  }
  if (first) first.focus();
  else say(sentence);
  for (const button of form.querySelectorAll("button.is-busy, button:disabled")) {
    button.disabled = false;
    button.classList.remove("is-busy");
  }
}

/** A fresh minute: its key and the time by this device. */
function begin() {
  form.elements.client_key.value = crypto.randomUUID();
  form.elements.seen_at.value = new Date().toISOString();
}

function locate() {
  const said = form.querySelector("[data-field-located]");
  said.textContent = said.dataset.textBusy;
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      form.elements.latitude.value = coords.latitude.toFixed(6);
      form.elements.longitude.value = coords.longitude.toFixed(6);
      form.elements.accuracy_m.value = Math.round(coords.accuracy);
      said.textContent = `${coords.latitude.toFixed(5)}, ${coords.longitude.toFixed(5)} (±${Math.round(coords.accuracy)} m)`;
    },
    () => { said.textContent = said.dataset.textNone; },
    { enableHighAccuracy: true, timeout: 15000 },
  );
}

/** Measure and months are asked for only where the chosen violation is counted by them. */
function measure() {
  const units = JSON.parse(document.getElementById("field-units").textContent);
  const unit = units[form.elements.offence.value] || "each";
  form.querySelector("[data-field-measure]").hidden = unit === "each";
  form.elements.months.closest("p").hidden = unit !== "m2_month";
}

if (form) {
  if (!form.querySelector("[data-errors]") && !document.querySelector("[data-errors]")) begin();
  measure();
  form.elements.offence.addEventListener("change", measure);
  form.addEventListener("submit", submit);
  if (navigator.geolocation) {
    form.querySelector("[data-field-place]").hidden = false;
    form.querySelector("[data-field-locate]").addEventListener("click", locate);
  }
}
if (page) {
  if (navigator.serviceWorker) navigator.serviceWorker.register(page.dataset.worker).catch(() => {});
  addEventListener("online", send);
  show().then(send);
}
