// The search as somebody types. Without this file the form is sent by its button, and everything else is the same.

const form = document.getElementById("find");
const results = document.getElementById("results");
const box = form?.elements.q;
const PAUSE = 220; // milliseconds after the last key
let timer = 0;
let running = null;

function address() {
  const asked = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value && name !== "after") asked.set(name, value);
  const text = asked.toString();
  return form.getAttribute("action") + (text ? `?${text}` : "");
}

async function show() {
  running?.abort();
  running = new AbortController();
  const url = address();
  try {
    const response = await fetch(url, { headers: { "X-Part": "results" }, signal: running.signal });
    if (!response.ok) return; // the button still leads to the page, which says what is wrong
    const part = new DOMParser().parseFromString(await response.text(), "text/html");
    results.replaceChildren(...part.body.childNodes);
    history.replaceState(null, "", url);
  } catch {
    // Typed on meanwhile, or no network now.
  } finally {
    results.removeAttribute("aria-busy");
  }
}

function soon() {
  clearTimeout(timer);
  results.setAttribute("aria-busy", "true");
  timer = setTimeout(show, PAUSE);
}

if (form && results) {
  box.addEventListener("input", soon);
  form.addEventListener("change", (event) => { if (event.target !== box) soon(); });
  const near = form.querySelector("[data-near]");
  const note = form.querySelector("[data-near-note]");
  if (navigator.geolocation && window.isSecureContext) {
    near.hidden = false;
    near.addEventListener("click", () => navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        note.hidden = true;
        form.elements.near.value = `${coords.latitude.toFixed(4)},${coords.longitude.toFixed(4)}`;
        show();
      },
      () => { note.hidden = false; },
    ));
  }
}
