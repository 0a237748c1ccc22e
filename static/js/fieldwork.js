// What a device in the field needs, whatever its form is for: a store that outlives the line, a queue that sends each entry until the
// portal says that it has it, and the parts of a page that show both. The portal's side and the answers: municipality/fieldwork/device.py.
//
// An entry is { key, person, seen, title, fields, state, sentence, wrong }: the key and the time are made on the device when the visit begins and
// are sent again as they are, so that an entry which is sent twice is one visit with the time of its capture. State is "waiting", "conflict",
// or "confirm": the portal has said what it would record, and waits for its person to confirm that.

/** The device's own table of entries (IndexedDB); an entry stays until it is dropped. */
export class Store {
  constructor(database, table) {
    this.database = database;
    this.table = table;
  }

  all() { return this.#act("readonly", (rows) => rows.getAll()); }
  find(key) { return this.#act("readonly", (rows) => rows.get(key)); }
  keep(entry) { return this.#act("readwrite", (rows) => rows.put(entry)); }
  drop(key) { return this.#act("readwrite", (rows) => rows.delete(key)); }

  #open() {
    return new Promise((done, failed) => {
      const asked = indexedDB.open(this.database, 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(this.table, { keyPath: "key" });
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => failed(asked.error);
    });
  }

  async #act(mode, act) {
    const base = await this.#open();
    return new Promise((done, failed) => {
      const change = base.transaction(this.table, mode);
      const asked = act(change.objectStore(this.table));
      change.oncomplete = () => { base.close(); done(asked?.result); };
      change.onerror = change.onabort = () => { base.close(); failed(change.error); };
    });
  }
}

/** Sends what waits, one after the other. Only the portal's word that it has it takes an entry off the device. */
export class Queue {
  /** `url` takes the entries; `check` says what it would record, where each entry has to be confirmed; `changed` is called after each
      step, `notice` with "kept", "signIn" or a sentence; `same` says whether an entry that was taken settles a refused one; `person` is
      the key of who is signed in, whose entries alone are sent then, and those of which nobody knows who wrote them. */
  constructor(store, url, { check = "", changed = () => {}, notice = () => {}, same = () => false, person = "" } = {}) {
    Object.assign(this, { store, url, check, changed, notice, same, person });
    this.round = Promise.resolve();
    this.arrived = {}; // by key: the address of what this page has sent
    this.sending = ""; // the key of what is under way now
    this.checks = {}; // by key: what the portal would record, { html, confirmed }, or why not, { html }
  }

  /** What is added is kept first and sent then: a line that breaks in the middle loses nothing and doubles nothing. */
  async add(entry) {
    await this.store.keep({ person: this.person, ...entry, state: "waiting", sentence: "" });
    await this.send();
  }

  /** Whether somebody else wrote an entry: under the session of who is signed in it would become theirs. */
  isOthers({ person }) { return Boolean(person && this.person && person !== this.person); }

  /** Its writer says so: it was written on the kept form of somebody else. What would be recorded is still asked before it is. */
  async claim(entry) {
    await this.add({ ...entry, person: this.person });
  }

  /** Its person has confirmed what they were shown: from here on it is sent like any other. */
  async confirm(entry, confirmed) {
    delete this.checks[entry.key];
    await this.add({ ...entry, fields: [...unconfirmed(entry).fields, ["confirmed", confirmed]] });
  }

  async drop(key) {
    await this.store.drop(key);
    await this.changed();
  }

  /** One round after the other, so that whoever waits for a round knows what became of their entry. */
  send() {
    this.round = this.round.catch(() => {}).then(() => this.#send());
    return this.round;
  }

  async #send() {
    try {
      for (const entry of await this.store.all()) {
        if (entry.state === "conflict" || entry.state === "confirm" || this.isOthers(entry)) continue;
        this.sending = entry.key;
        await this.changed();
        if (!(await this.#sent(entry))) break;
      }
    } finally {
      this.sending = "";
      await this.changed();
    }
  }

  /** Whether the portal gave an answer to this entry, so that the next one may follow. */
  async #sent(entry) {
    const asks = this.check && !entry.fields.some(([name, value]) => name === "confirmed" && value);
    const body = new FormData();
    // The check is told how many photos there are, and does not carry them.
    for (const [name, value] of entry.fields) {
      body.append(...(asks && value instanceof File ? [`${name}_taken`, "1"] : [name, value]));
      if (!asks && value instanceof File) body.append(`${name}_at`, new Date(value.lastModified).toISOString());
    }
    body.set("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]")?.value || "");
    let answer;
    try {
      answer = await fetch(asks ? this.check : this.url, { method: "POST", body, redirect: "manual", headers: { Accept: "application/json" } });
    } catch {
      this.notice("kept");
      return false;
    }
    if (answer.status === 200 || answer.status === 201) {
      const told = await answer.json();
      if (asks) {
        this.checks[entry.key] = told;
        await this.store.keep({ ...entry, state: "confirm", sentence: "" });
        return true;
      }
      const settled = (await this.store.all()).filter((other) => other.state === "conflict" && this.same(entry, other));
      for (const { key } of [entry, ...settled]) await this.store.drop(key);
      this.arrived[entry.key] = told.url;
      if (told.refused.length) this.notice(told.refused.join(" "));
      return true;
    }
    if ([400, 403, 409, 413].includes(answer.status)) {
      // What is too large may be refused in front of the portal, without a word of it; the same again would hold up all that follows.
      const told = (await answer.json().catch(() => null)) ?? (answer.status === 413 ? { sentence: this.tooLarge } : null);
      // What it would record is no longer what was confirmed.
      if (told?.code === "confirm" && this.check && !asks) return this.#sent(unconfirmed(entry));
      if (asks && told) this.checks[entry.key] = told;
      if (told) await this.store.keep({ ...entry, state: "conflict", sentence: told.sentence, wrong: told.fields, code: told.code });
      else this.notice("signIn");
      return told !== null;
    }
    this.notice(answer.type === "opaqueredirect" ? "signIn" : "kept");
    return false;
  }
}

/** What lies on this device (templates/fieldwork/queue.html), each with its state, and what to do with one that was not taken. */
export class Panel {
  constructor(box, queue, check) {
    Object.assign(this, { box, queue, check });
    queue.changed = () => this.show();
    queue.tooLarge = box?.dataset.textLarge;
    queue.notice = (told) => this.say({ kept: box?.dataset.textKept, signIn: box?.dataset.textSignIn }[told] ?? told);
  }

  say(text) {
    const place = this.box?.querySelector("[data-field-said]");
    if (place) place.textContent = text;
  }

  async show() {
    if (!this.box) return;
    const entries = await this.queue.store.all();
    this.box.hidden = entries.length === 0;
    if (entries.length) navigator.storage?.persist?.(); // or a browser may clear it when the device is full
    this.box.querySelector("[data-field-entries]").replaceChildren(...entries.map((entry) => this.#line(entry)));
  }

  #line(entry) {
    const line = document.createElement("li");
    const name = document.createElement("b");
    name.textContent = entry.title;
    const about = document.createElement("small");
    const isOthers = this.queue.isOthers(entry);
    const said = isOthers ? "others" : entry.key === this.queue.sending ? "sending" : entry.state;
    const state = this.box.dataset[`text${said[0].toUpperCase()}${said.slice(1)}`];
    about.append(`${state} · `, time(entry.seen));
    line.append(name, about);
    const drop = button(this.box.dataset.textDrop, (pressed) => this.#drop(pressed, entry));
    if (isOthers) {
      if (entry.state === "waiting") line.append(button(this.box.dataset.textMine, () => this.queue.claim(entry)));
      line.append(drop);
      return line;
    }
    if (entry.state === "confirm") line.append(button(this.box.dataset.textCheck, () => this.confirm(entry)), drop);
    if (entry.state === "conflict") {
      // The same photo would prove as little again.
      const again = ["no_proof", "too_large"].includes(entry.code) ? [] : [button(this.box.dataset.textAgain, () => this.queue.add(entry))];
      line.append(problem(entry.sentence), ...again, drop);
    }
    return line;
  }

  /** Asked anew, since what would be recorded may have changed while it lay here. */
  async confirm({ key }) {
    await this.queue.add(unconfirmed(await this.queue.store.find(key)));
    const entry = await this.queue.store.find(key);
    if (entry?.state !== "confirm" || !this.queue.checks[key]) return;
    if (await this.check.ask(this.queue.checks[key])) await this.queue.confirm(entry, this.queue.checks[key].confirmed);
  }

  /** Nothing is removed by one slip of a finger. */
  async #drop(pressed, entry) {
    if (pressed.dataset.sure) {
      await this.queue.drop(entry.key);
      return;
    }
    pressed.dataset.sure = "1";
    pressed.textContent = this.box.dataset.textSure;
  }
}

/** What the portal would record, shown before it is recorded (templates/fieldwork/check.html). */
export class Check {
  constructor(dialog) {
    this.dialog = dialog;
    dialog.querySelector("[data-field-issue]").addEventListener("click", () => {
      const unticked = dialog.querySelector("[data-field-check-facts] input:required:not(:checked)");
      if (unticked) unticked.focus();
      else dialog.close("issue");
    });
    dialog.querySelector("[data-field-back]").addEventListener("click", () => dialog.close("back"));
  }

  /** Whether its person confirms it; what cannot be recorded has no button for that. */
  ask({ html, confirmed }) {
    const { dialog } = this;
    const facts = new DOMParser().parseFromString(html, "text/html");
    dialog.querySelector("[data-field-check-facts]").replaceChildren(...document.importNode(facts.body, true).childNodes);
    const issue = dialog.querySelector("[data-field-issue]");
    issue.closest("p").hidden = !confirmed;
    this.words ??= issue.textContent;
    issue.textContent = dialog.querySelector("[data-field-issued]")?.dataset.fieldIssued ?? this.words;
    dialog.returnValue = "";
    dialog.showModal();
    dialog.querySelector("h2").focus();
    return new Promise((done) => {
      dialog.addEventListener("close", () => done(Boolean(confirmed) && dialog.returnValue === "issue"), { once: true });
    });
  }
}

/** A form with the hidden fields of a visit (municipality/fieldwork/forms.py): its key, time and place are filled in by the device. */
export class VisitForm {
  /** `title` names an entry in the list; `begun` is called when the form is empty for the next visit. */
  constructor(form, queue, panel, { title = () => "", begun = () => {} } = {}) {
    Object.assign(this, { form, queue, panel, title, begun });
    if ("fieldCopy" in form.dataset) this.#key(); // the time is that of the visit which it copies
    else if (!document.querySelector("[data-errors]")) this.begin();
    form.addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    form.addEventListener("input", ({ target }) => this.mended(target));
    if (navigator.geolocation) {
      form.querySelector("[data-field-place]").hidden = false;
      form.querySelector("[data-field-locate]").addEventListener("click", () => this.locate());
    }
  }

  /** A fresh visit: its key and the time by this device. */
  begin() {
    this.#key();
    this.form.elements.seen_at.value = new Date().toISOString();
  }

  #key() { this.form.elements.client_key.value = crypto.randomUUID(); }

  async submit() {
    if (this.busy) return;
    this.busy = true;
    try {
      await this.#submit();
    } finally {
      this.busy = false;
    }
  }

  async #submit() {
    const data = new FormData(this.form);
    const key = data.get("client_key");
    const fields = [...data.entries()].filter(([name, value]) => name !== "csrfmiddlewaretoken" && !(value instanceof File && !value.size));
    try {
      await this.queue.add({ key, seen: data.get("seen_at"), title: this.title(), fields });
    } catch {
      this.form.submit(); // nothing can be kept on this device: it is sent as without a script
      return;
    }
    await this.#follow(key);
  }

  /** What became of the entry of this form. What is to be corrected leaves the device: the form still holds the facts and the photos. */
  async #follow(key) {
    const { queue } = this;
    if (queue.arrived[key]) {
      location.assign(queue.arrived[key]);
      return;
    }
    const entry = await queue.store.find(key);
    const told = queue.checks[key];
    if (told?.html && entry && (entry.state === "confirm" || entry.state === "conflict")) {
      if (await this.panel.check.ask(told)) {
        await queue.confirm(entry, told.confirmed);
        await this.#follow(key);
        return;
      }
      await queue.drop(key);
      this.#free();
      return;
    }
    if (entry?.state === "conflict") {
      // Facts that do not fit leave the device; a refusal stays on it until its person decides. The form keeps both, under the same key.
      if (entry.wrong) await queue.drop(key);
      this.tell(entry.wrong ?? {}, entry.sentence);
      return;
    }
    this.form.reset();
    this.begin();
    this.begun();
    this.panel.box.scrollIntoView();
  }

  /** Each problem stands beside its field; the first one takes the focus. */
  tell(wrong, sentence) {
    for (const old of this.form.querySelectorAll("[data-field-wrong]")) old.remove();
    let first;
    for (const [name, problems] of Object.entries(wrong)) {
      const named = this.form.elements[name];
      const control = named instanceof RadioNodeList ? named[0] : named;
      const row = control?.closest("[data-field-row]");
      if (!row) continue;
      row.append(fault(problems.join(" ")));
      row.classList.add("is-bad");
      first ||= control;
    }
    if (first) this.reveal(first);
    else this.form.append(first = fault(sentence));
    first.focus();
    this.#free();
  }

  /** What was wrong with a field is not said of what now stands in it. */
  mended(control) {
    const row = control.closest("[data-field-row]");
    row?.classList.remove("is-bad");
    for (const old of row?.querySelectorAll(".kp-desk-bad") ?? []) old.remove();
    if (!this.form.querySelector(".kp-desk-bad")) document.querySelector("[data-errors]")?.remove();
  }

  /** Bring the part of the form that holds a control into view. */
  reveal(control) {
    for (let box = control.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    const part = control.closest("section[id]");
    if (part && !part.checkVisibility()) location.hash = part.id;
  }

  #free() {
    for (const pressed of this.form.querySelectorAll("button.is-busy, button:disabled")) {
      pressed.disabled = false;
      pressed.classList.remove("is-busy");
    }
  }

  locate() {
    const { elements } = this.form;
    const said = this.form.querySelector("[data-field-located]");
    said.textContent = said.dataset.textBusy;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        elements.latitude.value = coords.latitude.toFixed(6);
        elements.longitude.value = coords.longitude.toFixed(6);
        elements.accuracy_m.value = Math.round(coords.accuracy);
        const metres = Math.round(coords.accuracy).toLocaleString(language(), { style: "unit", unit: "meter" });
        const place = `${coords.latitude.toFixed(5)}, ${coords.longitude.toFixed(5)}`;
        said.replaceChildren(Object.assign(document.createElement("bdi"), { dir: "ltr", textContent: place }), ` (\u2068±${metres}\u2069)`);
      },
      () => { said.textContent = said.dataset.textNone; },
      { enableHighAccuracy: true, timeout: 15000 },
    );
  }
}

/** A chosen photo, small; drawn, since the policy of the page allows no picture from memory. */
export function picture(file) {
  const drawn = Object.assign(document.createElement("canvas"), { width: 0, height: 0 });
  drawn.setAttribute("aria-hidden", "true");
  createImageBitmap(file, { resizeHeight: 64, resizeQuality: "low" }).then((map) => {
    Object.assign(drawn, { width: map.width, height: map.height });
    drawn.getContext("2d").drawImage(map, 0, 0);
  }).catch(() => {});
  return drawn;
}

/** The key of who is signed in, as the newest page says that came from the portal: a kept form may be of who was before. */
export function newest({ fieldPerson: person = "", fieldMade: made }) {
  try {
    const known = JSON.parse(localStorage.getItem("kp-field-person"));
    if (known && Number(known.made) > Number(made)) return known.person;
    localStorage.setItem("kp-field-person", JSON.stringify({ person, made }));
  } catch { /* nothing can be kept on this device */ }
  return person;
}

/** Keep the form at hand without a line, show what lies here, and send it now and whenever the line is back. */
export async function start(queue, panel, worker) {
  if (worker && navigator.serviceWorker) navigator.serviceWorker.register(worker).catch(() => {});
  addEventListener("online", () => queue.send());
  await panel.show();
  await queue.send();
}

function unconfirmed(entry) {
  return { ...entry, fields: entry.fields.filter(([name]) => name !== "confirmed") };
}

const language = () => (document.documentElement.lang === "en" ? "en-GB" : "ar-KW-u-nu-latn");

/** Day, and hours and minutes in Kuwait, in the language of the page. */
export function time(seen) {
  const zoned = { timeZone: "Asia/Kuwait" };
  const clock = document.createElement("bdi");
  clock.dir = "ltr";
  clock.textContent = new Date(seen).toLocaleTimeString("en-GB", { ...zoned, hour: "2-digit", minute: "2-digit" });
  const made = document.createElement("time");
  made.append(new Date(seen).toLocaleDateString(language(), { ...zoned, dateStyle: "long" }), " ", clock);
  return made;
}

function problem(text) {
  const why = document.createElement("span");
  why.className = "kp-desk-bad";
  why.textContent = text;
  return why;
}

/** What was wrong with what this form sent; it leaves the page with the next try. */
function fault(text) {
  const why = Object.assign(problem(text), { tabIndex: -1 });
  why.setAttribute("role", "alert");
  why.dataset.fieldWrong = "1";
  return why;
}

function button(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button kp-desk-second";
  made.textContent = text;
  made.addEventListener("click", () => act(made));
  return made;
}
