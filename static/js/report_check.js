// The page on which a report is checked: without a line and without room on the phone it stays, and says where what was typed is.

import { FULL } from "./report_store.js";

const form = document.getElementById("form");
const note = document.querySelector("[data-report-full]");

new BroadcastChannel("kp-reports").addEventListener("message", ({ data }) => {
  if (data !== FULL || !form.dataset.sent) return; // it was sent from another tab
  dispatchEvent(new Event("pageshow")); // its buttons can be pressed again
  note.hidden = false;
  note.focus();
});
