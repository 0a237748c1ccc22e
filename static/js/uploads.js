// Files in pieces that survive a bad line (tus 1.0.0, by tus-js-client). Without this file the same field is an ordinary form.

const piece = 512 * 1024; // bytes
const parallel = 3;
const patience = 40; // tries without progress
const pauses = Array.from({ length: patience }, (_, n) => Math.min(30_000, 500 * 2 ** Math.min(n + 1, 7))); // milliseconds

const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Tells two files of the same name and size apart: a hash of the first and the last 64 kB. Empty where the browser cannot. */
async function fingerprintOf(file) {
  if (!crypto.subtle) return "";
  const ends = new Blob([file.slice(0, 65_536), file.slice(Math.max(0, file.size - 65_536))]);
  return hex(await crypto.subtle.digest("SHA-256", await ends.arrayBuffer()));
}

/** The sentence with which the server refused a file; empty where it said none. */
function sentenceOf(error) {
  const answer = error.originalResponse;
  return answer?.getHeader("Content-Type")?.startsWith("text/plain") ? answer.getBody() : "";
}

/** Whether trying again may help: no network, a busy server, or an offset to ask for; not a refusal. */
function mayRetry(error) {
  const status = error.originalResponse?.getStatus() ?? 0;
  if (status === 507 || status === 429) return !sentenceOf(error); // the front door counts too, and says nothing
  return status === 0 || status >= 500 || [409, 423, 460].includes(status);
}

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
    this.pausing = new Set(); // uploads that wait for their next try
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
    addEventListener("online", () => {
      for (const upload of this.pausing) {
        upload.abort();
        upload.start();
      }
      this.pausing.clear();
    });
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
        .catch((error) => this.fail(line, sentenceOf(error) || this.root.dataset.textFailed))
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
    const uploadUrl = this.begun(file, fingerprint);
    if (uploadUrl === "") return;
    if (uploadUrl) this.mine.add(uploadUrl);
    await new Promise((onSuccess, onError) => {
      const upload = new tus.Upload(file, {
        endpoint: this.root.dataset.create,
        uploadUrl,
        chunkSize: piece,
        retryDelays: pauses,
        storeFingerprintForResuming: false, // the server's list says what it has begun
        metadata: { filename: file.name, fingerprint },
        headers: { "X-CSRFToken": this.token },
        onUploadUrlAvailable: () => this.mine.add(new URL(upload.url, location.href).pathname),
        onChunkComplete: (_size, offset, size) => this.show(line, offset, size),
        onShouldRetry: (error) => {
          if (!mayRetry(error)) return false;
          this.pausing.add(upload);
          line.querySelector("[data-upload-said]").textContent = this.root.dataset.textWaiting;
          return true;
        },
        onBeforeRequest: () => this.pausing.delete(upload),
        onSuccess,
        onError,
      });
      upload.start();
    });
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
