// Files in pieces that survive a bad line (tus 1.0.0). Without this file the same field is an ordinary form.

const version = "1.0.0";
const piece = 512 * 1024; // bytes
const parallel = 3;
const longestPause = 30_000; // milliseconds
const patience = 40; // tries without progress

const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const encoded = (text) => base64(new TextEncoder().encode(text));
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Tells two files of the same name and size apart: a hash of the first and the last 64 kB. Empty where the browser cannot. */
async function fingerprintOf(file) {
  if (!crypto.subtle) return "";
  const ends = new Blob([file.slice(0, 65_536), file.slice(Math.max(0, file.size - 65_536))]);
  return hex(await crypto.subtle.digest("SHA-256", await ends.arrayBuffer()));
}

/** The server says no, with a sentence for the person. Trying again would not help. */
class Refusal extends Error {}

class Field {
  constructor(root) {
    this.root = root;
    this.list = root.querySelector("[data-upload-list]");
    this.sending = root.querySelector("[data-upload-sending]");
    this.drop = root.querySelector("[data-upload-drop]");
    this.status = root.querySelector("[data-upload-status]");
    this.token = root.closest("form")?.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
    this.waiting = []; // files whose turn has not come
    this.active = 0;
    this.mine = new Set(); // addresses that this page sends to
    this.noteList();
    if (!this.drop) return;
    root.classList.add("is-scripted");
    root.querySelector("[data-upload-without-script]").hidden = true;
    root.querySelector("[data-upload-only-script]").hidden = false;
    for (const input of this.drop.querySelectorAll("input[type=file]")) {
      input.addEventListener("change", () => {
        this.add([...input.files]);
        input.value = ""; // a form round this field must not send the files a second time
      });
    }
    this.listenToDrags();
    addEventListener("online", () => this.wake?.());
    addEventListener("beforeunload", (event) => {
      if (this.isBusy) event.preventDefault();
    });
  }

  get isBusy() { return this.active > 0 || this.waiting.length > 0; }

  listenToDrags() {
    const over = (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      this.drop.classList.add("is-over");
    };
    this.drop.addEventListener("dragenter", over);
    this.drop.addEventListener("dragover", over);
    this.drop.addEventListener("dragleave", () => this.drop.classList.remove("is-over"));
    this.drop.addEventListener("drop", (event) => {
      event.preventDefault();
      this.drop.classList.remove("is-over");
      this.add([...event.dataTransfer.files]);
    });
  }

  add(files) {
    for (const file of files) {
      const line = this.root.querySelector("[data-upload-line]").content.cloneNode(true).firstElementChild;
      line.querySelector("bdi").textContent = file.name;
      this.sending.append(line);
      if (file.size > Number(this.root.dataset.maxBytes)) this.fail(line, this.root.dataset.textTooLarge);
      else this.waiting.push({ file, line });
    }
    this.next();
  }

  next() {
    while (this.active < parallel && this.waiting.length) {
      const { file, line } = this.waiting.shift();
      this.active += 1;
      this.send(file, line)
        .then(() => line.remove())
        .catch((error) => this.fail(line, error instanceof Refusal ? error.message : this.root.dataset.textFailed))
        .finally(() => {
          this.active -= 1;
          this.refresh();
          this.next();
        });
    }
  }

  fail(line, sentence) {
    line.querySelector("progress")?.remove();
    line.classList.add("is-bad");
    line.querySelector("[data-upload-said]").textContent = sentence;
    this.status.textContent = sentence;
  }

  async send(file, line) {
    const fingerprint = await fingerprintOf(file);
    let resource = this.begun(file, fingerprint);
    if (resource === "") return;
    if (resource) this.mine.add(resource);
    let offset = resource ? null : 0;
    let tries = 0;
    for (;;) {
      try {
        if (!resource) this.mine.add((resource = await this.create(file, fingerprint)));
        if (offset === null) offset = await this.offsetOf(resource);
        while (offset < file.size) {
          offset = await this.patch(resource, file, offset);
          tries = 0;
          this.show(line, offset, file.size);
        }
        return;
      } catch (error) {
        if (error instanceof Refusal || ++tries > patience) throw error;
        line.querySelector("[data-upload-said]").textContent = this.root.dataset.textWaiting;
        offset = resource ? null : 0; // ask again what has arrived
        const back = new Promise((done) => { this.wake = done; });
        await Promise.race([pause(Math.min(longestPause, 500 * 2 ** Math.min(tries, 7)) * (0.75 + Math.random() / 2)), back]);
      }
    }
  }

  show(line, offset, size) {
    line.querySelector("progress").value = Math.floor((100 * offset) / size);
    line.querySelector("[data-upload-said]").textContent = "";
  }

  /** What the list shows of files that were not refused; `resource` is empty once a file has arrived. */
  noteList() {
    const lines = [...this.list.querySelectorAll("[data-resource]")];
    this.known = lines.map(({ dataset }) => ({ ...dataset })).filter(({ resource }) => !resource || !this.mine.has(resource));
  }

  /** The same file, begun before this page was loaded or on another device: an address to go on at, "" if it is there already. */
  begun(file, fingerprint) {
    if (!fingerprint) return null;
    const place = this.known.findIndex((line) => Number(line.size) === file.size && line.fingerprint === fingerprint);
    return place < 0 ? null : this.known.splice(place, 1)[0].resource;
  }

  async ask(url, method, headers, body) {
    const response = await fetch(url, {
      method,
      body,
      cache: "no-store",
      redirect: "manual",
      headers: { "Tus-Resumable": version, "X-CSRFToken": this.token, ...headers },
    });
    if (response.type === "opaqueredirect") throw new Refusal(this.root.dataset.textFailed); // signed out meanwhile
    if (response.status === 507 && this.isSentence(response)) throw new Refusal(await response.text());
    const isBusy = response.status === 423 || (response.status === 429 && !this.isSentence(response)); // the front door counts too
    if (response.status >= 500 || isBusy) throw new Error(String(response.status));
    return response;
  }

  async create(file, fingerprint) {
    const said = [`filename ${encoded(file.name)}`, `fingerprint ${encoded(fingerprint)}`];
    const response = await this.ask(this.root.dataset.create, "POST", {
      "Upload-Length": String(file.size),
      "Upload-Metadata": said.join(","),
    });
    if (response.status !== 201) throw new Refusal((this.isSentence(response) && (await response.text())) || this.root.dataset.textFailed);
    return response.headers.get("Location");
  }

  isSentence(response) {
    return Boolean(response.headers.get("Content-Type")?.startsWith("text/plain"));
  }

  async offsetOf(resource) {
    const response = await this.ask(resource, "HEAD", {});
    if (response.status !== 200) throw new Refusal(this.root.dataset.textFailed);
    return Number(response.headers.get("Upload-Offset"));
  }

  async patch(resource, file, offset) {
    const body = await file.slice(offset, offset + piece).arrayBuffer();
    const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) };
    if (crypto.subtle) {
      headers["Upload-Checksum"] = `sha256 ${base64(new Uint8Array(await crypto.subtle.digest("SHA-256", body)))}`;
    }
    const response = await this.ask(resource, "PATCH", headers, body);
    if (response.status === 409 || response.status === 460) throw new Error(String(response.status)); // ask for the offset, then go on
    if (response.status !== 204) throw new Refusal(this.root.dataset.textFailed);
    return Number(response.headers.get("Upload-Offset"));
  }

  /** Ask for the list as the server has it; again while a file is being checked. */
  async refresh(seconds = 2) {
    clearTimeout(this.again);
    try {
      const response = await fetch(this.root.dataset.list, { cache: "no-store", redirect: "manual" });
      if (response.type === "opaqueredirect" || response.status === 404) return; // signed out, or gone: the next page says so
      if (response.ok && this.showList(await response.text())) return;
    } catch {
      // No network now.
    }
    this.again = setTimeout(() => this.refresh(Math.min(15, seconds * 1.3)), seconds * 1000);
  }

  /** Put the server's list in the place of this one. True when nothing in it will change by itself. */
  showList(text) {
    const list = document.importNode(new DOMParser().parseFromString(text, "text/html").querySelector("[data-upload-list]"), true);
    const focused = this.list.contains(document.activeElement);
    this.list.replaceWith(list);
    this.list = list;
    this.noteList();
    for (const line of list.querySelectorAll("[data-resource]")) {
      if (this.isBusy && this.mine.has(line.dataset.resource)) line.remove(); // shown with its progress
    }
    if (focused) this.drop.querySelector("input")?.focus();
    this.drop.hidden = "full" in list.dataset;
    if (this.isBusy || "waiting" in list.dataset) return false;
    this.say();
    return true;
  }

  /** One sentence for those who hear the page: what stands in the list now. */
  say() {
    const errors = [...this.list.querySelectorAll(".kp-field__error")].map((place) => place.textContent.trim());
    this.status.textContent = errors.length ? errors.join(" ") : this.root.dataset.textDone;
  }
}

for (const root of document.querySelectorAll("[data-upload]")) {
  const field = new Field(root);
  if (field.drop && "waiting" in field.list.dataset) field.refresh();
}
