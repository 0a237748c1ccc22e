// The fees as somebody types. Without this file the button "Update the sum" shows the same.

const form = document.querySelector("[data-boards]");
let running = null;

async function update() {
  running?.abort();
  running = new AbortController();
  try {
    const asked = [...new FormData(form)].filter(([name]) => /^(boards|\d+-(?!drawing).+)$/.test(name)); // no token, no drawing
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
  const facts = form.dataset.boards ? /-(medium|board_class|subject|is_standing)$/ : /-medium$/; // others are asked for other facts
  for (const old of form.querySelectorAll("[data-checks]")) old.hidden = true; // of what was typed before
  if (!facts.test(event.target.name)) return update();
  form.action = `#${event.target.closest("fieldset").id}`; // the page comes anew, at this board
  form.requestSubmit();
});

// What was typed before this module came.
if ([...(form?.querySelectorAll("input") ?? [])].some((input) => input.value !== input.defaultValue)) update();
