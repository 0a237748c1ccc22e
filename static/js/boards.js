// The fees as somebody types. Without this file the button "Update the sum" shows the same.

const form = document.querySelector("[data-boards]");
let running = null;

async function update() {
  running?.abort();
  running = new AbortController();
  try {
    const asked = [...new FormData(form)].filter(([name]) => /^(boards|\d+-.+)$/.test(name)); // no token, no file
    const url = `${form.dataset.boards || location.pathname}?${new URLSearchParams(asked)}`;
    const page = new DOMParser().parseFromString(await (await fetch(url, { signal: running.signal })).text(), "text/html");
    for (const part of form.querySelectorAll("[id^=fee-], #total")) {
      const now = page.getElementById(part.id);
      if (now) part.replaceChildren(...now.childNodes);
    }
  } catch {
    // Changed again meanwhile, or no network now.
  }
}

form?.addEventListener("change", (event) => {
  if (!event.target.name.endsWith("-medium")) return update();
  form.action = `#${event.target.closest("fieldset").id}`; // other media are measured or counted: the page comes anew, at this board
  form.requestSubmit();
});
