// A board's size from a photo: corners are dragged or moved by keys, and the server measures. A photo that was chosen here stays here;
// one that was sent before is an image of the page, whose form sends the corners.

const START = {
  known: [[0.3, 0.55], [0.7, 0.55], [0.7, 0.9], [0.3, 0.9]],
  outline: [[0.2, 0.2], [0.8, 0.2], [0.8, 0.4], [0.2, 0.4]],
};
const STEP = 0.0025; // of the photo's width and height, by an arrow key
const FAR = 10; // times as far with Shift
const SHARP = 2000; // pixels of the longer side that are shown
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Drawing {
  constructor(root) {
    this.root = root;
    this.part = (name) => root.querySelector(`[data-draw-${name}]`);
    this.corners = structuredClone(START);
    this.isMoved = { known: false, outline: false }; // a frame that nobody has moved is not measured
    this.handles = { known: this.handlesOf("known"), outline: this.handlesOf("outline") };
    this.running = null;
    this.part("photo")?.addEventListener("change", ({ target }) => this.open(target.files[0]));
    for (const name of ["width", "height"]) this.part(name).addEventListener("input", () => this.photo && this.measure());
    const image = this.part("image");
    if (image.matches("img")) {
      this.photo = { width: Number(image.getAttribute("width")), height: Number(image.getAttribute("height")) };
      this.begin();
    } else this.part("use").addEventListener("click", () => this.use());
    root.hidden = false;
  }

  handlesOf(name) {
    const handles = [...this.root.querySelectorAll(`[data-corner=${name}]`)];
    handles.forEach((handle, at) => {
      handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
      handle.addEventListener("pointermove", (event) => {
        if (!handle.hasPointerCapture(event.pointerId)) return;
        const box = this.part("image").getBoundingClientRect();
        this.isMoved[name] = true;
        this.move(name, at, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
      });
      handle.addEventListener("pointerup", () => this.measure());
      handle.addEventListener("keydown", (event) => {
        const way = ARROWS[event.key];
        if (!way) return;
        event.preventDefault();
        const [x, y] = this.corners[name][at];
        const step = STEP * (event.shiftKey ? FAR : 1);
        this.isMoved[name] = true;
        this.move(name, at, x + way[0] * step, y + way[1] * step);
        this.measure();
      });
    });
    return handles;
  }

  async open(file) {
    if (!file) return;
    let bitmap;
    try {
      bitmap = await createImageBitmap(file);
    } catch {
      this.show(false);
      return;
    }
    this.photo = { width: bitmap.width, height: bitmap.height };
    const canvas = this.part("image");
    const scale = Math.min(1, SHARP / Math.max(bitmap.width, bitmap.height));
    [canvas.width, canvas.height] = [bitmap.width * scale, bitmap.height * scale];
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    this.show(true);
    this.begin();
  }

  show(isPhoto) {
    this.part("unread").hidden = isPhoto;
    this.part("stage").hidden = !isPhoto;
  }

  begin() {
    this.part("steps").hidden = false;
    this.corners = { known: this.given("known"), outline: this.given("outline") };
    for (const [name, corners] of Object.entries(this.corners)) corners.forEach(([x, y], at) => this.move(name, at, x, y));
    this.measure();
  }

  // The field of the form that sends the points of an outline, if there is one.
  field(name) {
    return this.root.querySelector(`[data-points=${name}]`);
  }

  given(name) {
    const points = (this.field(name)?.value ?? "").split(" ").map((point) => point.split(",").map(Number));
    const { width, height } = this.photo;
    this.isMoved[name] = points.length === START[name].length;
    return this.isMoved[name] ? points.map(([x, y]) => [x / width, y / height]) : structuredClone(START[name]);
  }

  move(name, at, x, y) {
    const place = [x, y].map((share) => Math.min(1, Math.max(0, share)));
    this.corners[name][at] = place;
    const { style } = this.handles[name][at];
    [style.left, style.top] = place.map((share) => `${100 * share}%`);
    this.root.querySelector("svg").setAttribute("viewBox", `0 0 ${this.photo.width} ${this.photo.height}`);
    this.part(name).setAttribute("points", this.pixels(name));
    const label = this.root.querySelector(`[data-draw-name=${name}]`);
    label.hidden = false;
    [label.style.left, label.style.top] = [0, 1].map((axis) => `${25 * this.corners[name].reduce((sum, corner) => sum + corner[axis], 0)}%`);
    if (this.field(name)) this.field(name).value = this.drawn(name);
  }

  pixels(name) {
    return this.corners[name].map(([x, y]) => `${(x * this.photo.width).toFixed(1)},${(y * this.photo.height).toFixed(1)}`).join(" ");
  }

  drawn(name) {
    return this.isMoved[name] ? this.pixels(name) : "";
  }

  async measure() {
    this.running?.abort();
    this.running = new AbortController();
    this.size = null;
    const drawn = { size: `${this.photo.width}x${this.photo.height}`, known: this.drawn("known"), outline: this.drawn("outline") };
    const lengths = { known_width: this.part("width").value, known_height: this.part("height").value };
    let answer;
    try {
      const url = `${this.root.dataset.draw}?${new URLSearchParams({ ...drawn, ...lengths })}`;
      answer = await (await fetch(url, { signal: this.running.signal })).json();
    } catch {
      return; // Moved again meanwhile, or no network now.
    }
    if (answer.width) this.size = answer;
    this.part("use").hidden = !this.size;
    this.part("result").textContent = answer.text ?? answer.problem;
  }

  use() {
    const { prefix } = this.root.dataset;
    for (const name of ["width", "height"]) {
      const field = this.root.closest("fieldset").querySelector(`[name="${prefix}-${name}"]`);
      field.value = this.size[name];
      if (name === "height") field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    this.root.closest("fieldset").querySelector(`[name="${prefix}-width"]`).focus();
  }
}

for (const root of document.querySelectorAll("[data-draw]")) new Drawing(root);
