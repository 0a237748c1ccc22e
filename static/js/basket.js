// The total follows the ticks. Without this module, and whenever it gets no answer, "Update the total" counts them.

const form = document.querySelector("[data-basket]");
const boxes = form?.querySelectorAll("input[name=item]") ?? [];
let asked = 0;

/** The server counts what is ticked; the answer becomes the state that the ticks are compared with. */
async function count() {
  const turn = ++asked;
  const data = new FormData(form);
  data.set("step", "count");
  try {
    const response = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" } });
    if (!response.ok || turn !== asked) return;
    const answer = await response.json();
    form.elements.total.value = answer.fils;
    for (const place of form.querySelectorAll("[data-total] bdi")) place.textContent = answer.amount;
    for (const place of form.querySelectorAll("[data-count]")) place.textContent = answer.count;
    for (const box of boxes) box.defaultChecked = box.checked;
  } catch {
    // The button to update the total is shown.
  }
}

for (const box of boxes) box.addEventListener("change", count);
if ([...boxes].some((box) => box.checked !== box.defaultChecked)) count(); // ticked before this module came

// A button that ticks all boxes of its group, or of the page, or none; without this module the server does it.
for (const button of form?.querySelectorAll("button[name=all], button[name=none]") ?? []) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    for (const box of (button.closest("fieldset") ?? form).querySelectorAll("input[name=item]")) box.checked = button.name === "all";
    count();
  });
}
