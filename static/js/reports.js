// The time that is left on the page of a report, hours and minutes; when it is over, the page is read again and says "overdue" itself.
const two = (number) => String(number).padStart(2, "0");

for (const clock of document.querySelectorAll("[data-countdown]")) {
  const due = Date.parse(clock.dataset.countdown);
  const begun = Date.now();
  const tick = () => {
    const left = due - Date.now();
    if (left <= 0) {
      clock.hidden = true;
      if (begun < due) location.reload();
      return;
    }
    const minutes = Math.floor(left / 60000);
    clock.textContent = `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(Math.floor(left / 1000) % 60)}`;
    clock.hidden = false;
    setTimeout(tick, 1000);
  };
  tick();
}

// One photo before and one after: a slider lays the second over the first, above their dates. Without a script they stand side by side.
for (const pair of document.querySelectorAll("[data-compare]")) {
  const [before, after, ...more] = pair.querySelectorAll("img");
  if (!after || more.length) continue;
  const slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 100, value: 50, className: "kp-compare__slider" });
  slider.setAttribute("aria-label", pair.dataset.compare);
  const box = Object.assign(document.createElement("div"), { className: "kp-compare" });
  const cut = () => box.style.setProperty("--cut", `${slider.value}%`);
  slider.addEventListener("input", cut);
  box.append(before.cloneNode(), after.cloneNode(), slider);
  cut();
  pair.before(box);
  pair.classList.add("is-compared");
}
