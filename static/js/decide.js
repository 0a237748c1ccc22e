// The page of a decision: keys for its moves, the text that is sent beside them, and answers of the checklist saved as they are given.
// Every page works without this file: the server then shows the text on a page of its own.

const root = document.querySelector(".kp-case");
const moves = [...root.querySelectorAll("[name=move]")];
const typing = "input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]";
const chosen = () => moves.find((move) => move.checked);
const sheetOf = (move) => root.querySelector(`.kp-sheet[data-move="${move.value}"]`);
const barOf = (sheet) => root.querySelector(`.kp-send[data-move="${sheet.dataset.move}"]`);
const sendOf = (sheet) => barOf(sheet).querySelector("[data-send]");
let latest = 0; // the number of the last text that was asked for
let saving = Promise.resolve();

function post(url, form, step) {
  const data = new FormData(form);
  data.set("step", step);
  return fetch(url, { method: "POST", body: data, redirect: "error" });
}

// --- The text ---

/** Show a text of the server in a sheet, or what stands there at first; only a text that is shown can be sent. */
function show(sheet, words, seal, failed = false, isChosen = true) {
  const pane = sheet.querySelector("[data-words]");
  pane.first ??= [...pane.childNodes];
  // What stands in the way is said where the button would be: it is in sight however long the reasons are.
  const stop = words?.find((part) => part.matches("[data-problem]"));
  barOf(sheet).querySelector("[data-problem]")?.remove();
  if (stop) barOf(sheet).prepend(stop);
  pane.replaceChildren(...(words && !stop ? words : pane.first));
  for (const hint of pane.querySelectorAll("[data-choose]")) hint.hidden = isChosen;
  // What lacks the other language is said at the box that is empty; the button stays, and cannot be pressed.
  const lacks = stop?.dataset.lacks?.split(" ") ?? [];
  const form = document.getElementById(`desk-${sheet.dataset.move}`);
  for (const lack of form.querySelectorAll("[data-lack]")) lack.hidden = !lacks.includes(lack.dataset.lack);
  pane.removeAttribute("aria-busy");
  sheet.querySelector("[data-seen]").value = seal;
  sendOf(sheet).hidden = !seal && !lacks.length;
  sendOf(sheet).disabled = !seal;
  // The text comes by itself once what it needs is chosen; the button is there for where it did not come.
  sheet.querySelector("[data-show]").hidden = !failed;
}

async function refresh() {
  const move = chosen();
  const sheet = move && sheetOf(move);
  const form = move && document.getElementById(`desk-${move.value}`);
  if (!sheet?.querySelector("[data-words]")) return;
  const number = (latest += 1);
  const asked = move.value === "corrections" ? "[name=ask]:checked" : move.value === "refuse" ? "[name=code]:checked" : "*";
  if (!form.querySelector(asked)) {
    show(sheet, null, "", false, false);
    return;
  }
  sheet.querySelector("[data-words]").setAttribute("aria-busy", "true");
  sendOf(sheet).hidden = true;
  try {
    await saving;
    const response = await post(form.action, form, "words");
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (number !== latest) return;
    const words = page.querySelector("[data-seal], [data-problem]");
    show(sheet, words && [document.adoptNode(words)], words?.dataset.seal ?? "", !words);
  } catch {
    if (number === latest) show(sheet, null, "", true);
  }
}

/** Scroll only the pane: the page itself keeps its place. */
function reveal(pane, element) {
  if (!pane || !element) return;
  const [outer, inner] = [pane.getBoundingClientRect(), element.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) pane.scrollTop += inner.top - outer.top - 16;
}

/** Bring what a move needs first into view: an open question, or the reason that an answer ticked. */
function showFirst(move) {
  if (move.value === "approve" || move.value === "refuse") {
    for (const note of root.querySelectorAll(".kp-unanswered")) note.hidden = false;
    reveal(root.querySelector(".kp-casefacts"), checks.find((check) => !answerOf(check)));
  }
  if (move.value === "corrections") reveal(root.querySelector(".kp-movepane"), root.querySelector("[name=ask]:checked")?.closest(".kp-desk-choice"));
}

let waiting = 0;
root.addEventListener("input", (event) => {
  if (!event.target.matches("textarea, [name=ask], [name=code], [name=second_code]")) return;
  const sheet = chosen() && sheetOf(chosen());
  if (sheet?.querySelector("[data-words]")) {
    latest += 1; // the text that is shown is no longer that of the form
    sendOf(sheet).hidden = true;
  }
  clearTimeout(waiting);
  waiting = setTimeout(refresh, event.target.matches("textarea") ? 400 : 0);
});

// --- The checklist ---

const checks = [...root.querySelectorAll(".kp-ask")];
const button = root.querySelector("[data-save-checks]");
if (button) button.hidden = true;

/** Sentences by the number of questions that they are about. */
function wordsOf(id) {
  return JSON.parse(document.getElementById(id)?.textContent ?? "[]");
}

function answerOf(check) {
  return check.querySelector(":checked")?.value ?? "";
}

const targets = [...root.querySelectorAll("[data-target]")]; // in the order of the server

/** What an answer of no leads to stands first, as the server puts it, also for answers given since. */
function order() {
  const no = checks.filter((check) => answerOf(check) === "no").map((check) => check.querySelector("input").name.replace(/^check\./, ""));
  const isLed = (target) => (target.dataset.about ?? "").split(" ").some((code) => no.includes(code));
  const sorted = [...targets.filter(isLed), ...targets.filter((target) => !isLed(target))];
  const held = document.activeElement;
  const end = targets.length ? document.createComment("") : null;
  if (!end || sorted.every((target, index) => target === root.querySelectorAll("[data-target]")[index])) return;
  [...root.querySelectorAll("[data-target]")].at(-1).after(end);
  for (const target of sorted) end.before(target);
  end.remove();
  if (held !== document.activeElement) held.focus();
}

function follow(input) {
  const code = input.name.replace(/^check\./, "");
  for (const box of root.querySelectorAll(`[data-checks~="${CSS.escape(code)}"]`)) box.checked = input.value === "no";
  const closed = checks.flatMap((check, index) => (answerOf(check) === "no" ? [index + 1] : []));
  const open = checks.filter((check) => !answerOf(check)).length;
  const approve = moves.find((move) => move.value === "approve");
  const note = document.getElementById("desk-closed");
  const numbers = note.querySelector("[data-closed]");
  numbers.textContent = wordsOf("desk-no-words")[closed.length].replace("{numbers}", closed.join(numbers.dataset.separator));
  note.hidden = closed.length === 0;
  approve.disabled = closed.length > 0;
  if (approve.disabled) approve.checked = false;
  const without = checks.flatMap((check, index) => (answerOf(check) === "na" ? [index + 1] : []));
  const stands = root.querySelector("[data-without]");
  stands.hidden = without.length === 0;
  stands.querySelector("input").checked = false; // it was said of other answers
  stands.querySelector("[data-na]").textContent = wordsOf("desk-na-words")[without.length].replace("{numbers}", without.join(numbers.dataset.separator));
  const count = root.querySelector("[data-open]");
  count.textContent = wordsOf("desk-open-words")[open];
  count.parentElement.hidden = open === 0;
  order();
}

// --- The questions of the second signature ---

/** A question that is answered with no closes the move that signs; the style sheet shows why. */
function closeSigning() {
  const sign = moves.find((move) => move.value === "sign");
  if (!sign) return;
  sign.disabled = Boolean(root.querySelector('[name^="answer."][value="no"]:checked'));
  const open = root.querySelector("[data-first-answer]");
  if (open) open.hidden = checks.every(answerOf);
  root.querySelector('[data-move="sign"] [data-send]').hidden = Boolean(open) && !open.hidden;
  if (sign.disabled) sign.checked = false;
}

root.addEventListener("change", (event) => {
  if (event.target.matches("[name=move]")) {
    showFirst(event.target);
    refresh();
  } else if (event.target.matches("[name=without]")) {
    refresh();
  } else if (event.target.name?.startsWith("answer.")) {
    closeSigning();
  } else if (event.target.name?.startsWith("check.")) {
    follow(event.target);
    const form = event.target.form;
    saving = saving.then(() => post(root.dataset.checksUrl, form, "keep")).then(
      (response) => (button.hidden = response.ok),
      () => (button.hidden = false),
    );
    refresh();
  }
});

// --- Keys ---

function close() {
  const move = chosen();
  if (!move) return;
  move.checked = false;
  latest += 1;
  move.focus();
}

for (const control of root.querySelectorAll("[data-close]")) {
  control.hidden = false;
  control.addEventListener("click", close);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.isComposing) return;
  const writes = event.target.closest?.(typing);
  if (event.key === "Escape" && !document.querySelector(":popover-open")) {
    close();
  } else if (event.key === "Enter" && !writes && !event.target.closest?.("a, button, summary, [popover]")) {
    const move = chosen();
    if (!move) return;
    event.preventDefault();
    root.querySelector(`[data-move="${move.value}"] [data-send]:not([hidden])`)?.click();
  } else if (!writes) {
    const digit = /^(?:Digit|Numpad)([1-4])$/.exec(event.code)?.[1];
    const move = digit && moves[digit - 1];
    if (!move || move.disabled) return;
    event.preventDefault();
    if (!move.checked) move.click();
    move.focus();
  }
});

closeSigning();
const unanswered = root.querySelector(".kp-unanswered:not([hidden])")?.closest(".kp-ask");
// Only the pane scrolls: the sentence over the page keeps its place.
if (unanswered) root.querySelector(".kp-casefacts").scrollTop = unanswered.offsetTop - 16;
if (chosen()) refresh();
