// Reports that wait on this phone, for the page (report_app.js) and the service worker (templates/reports/app/worker.js). The portal's
// side: reports/views/device.py.
//
// An entry is { key, seen, fields, photos: [{ name, file, sent }], state, sentence, url, number }. The key is that of the report and was made
// before its first photo was sent, so that whatever is sent twice is stored once. State is "waiting", "conflict" (the portal did not take
// it, its person decides), "sent", or "shared": photos of the gallery that no report has yet.

import { Store } from "./fieldwork.js";

export const store = new Store("kp-reports", "entries");
export const SYNC = "kp-reports";
export const SHARED = "shared";
export const FULL = "full"; // what is told where the phone has no room; else that an entry has changed
const channel = new BroadcastChannel("kp-reports");
export const tell = (what) => channel.postMessage(what);

/** Keep what the form would send. Fails where the phone has no room. */
export async function keep(data) {
  const all = [...data.entries()].filter(([name]) => name !== "csrfmiddlewaretoken");
  const photos = all.filter(([, value]) => value instanceof File && value.size).map(([name, file]) => ({ name, file, sent: false }));
  const before = await store.find(data.get("key"));
  await put({
    key: data.get("key"),
    seen: data.get("opened"),
    fields: all.filter(([, value]) => !(value instanceof File)),
    photos: [...(before?.photos ?? []), ...photos],
    state: "waiting",
    sentence: "",
  });
}

export async function keepShared(data) {
  const photos = data.getAll("photos").map((file) => ({ name: "photos", file, sent: false }));
  await put({ key: SHARED, seen: new Date().toISOString(), fields: [["words", data.get("words") ?? ""]], photos, state: "shared", sentence: "" });
}

export async function again(entry) {
  await put({ ...entry, state: "waiting", sentence: "" });
}

export async function drop(key) {
  await store.drop(key);
  tell("changed");
}

async function put(entry) {
  await store.keep(entry);
  tell("changed");
}

/** Send what waits; page and worker never at the same time. Fails where something is left to be sent, so that the browser tries again. */
export function send(urls) {
  return navigator.locks.request("kp-reports", async () => {
    const waiting = (await store.all()).filter((entry) => entry.state === "waiting");
    if (!waiting.length) return;
    const { token } = await (await fetch(urls.send, { headers: { Accept: "application/json" } })).json();
    for (const entry of waiting) await sendOne(entry, urls, token);
  });
}

async function sendOne(entry, urls, token) {
  let refused = entry.refused ?? [];
  for (const photo of entry.photos) {
    if (photo.sent) continue;
    const at = new Date(photo.file.lastModified).toISOString();
    const answer = await post(urls.photo, token, [["key", entry.key], ["photo", photo.file], ["photo_at", at]]);
    if (!answer.ok) refused = [...refused, answer.told.sentence || urls.large];
    photo.sent = true;
    await put({ ...entry, refused });
  }
  const { ok, told } = await post(urls.send, token, entry.fields);
  if (ok) {
    const sentence = [...refused, ...told.refused].join(" ");
    const fields = entry.fields.filter(([name]) => name === "category"); // what its line is called
    await put({ key: entry.key, seen: entry.seen, fields, photos: [], state: "sent", sentence, url: told.url, number: told.reference });
    return;
  }
  // Of an emergency the portal keeps no photos: they are sent again with what was corrected. Of others it is said which it did not take.
  const isEmergency = told.code === "emergency";
  const photos = isEmergency ? entry.photos.map((photo) => ({ ...photo, sent: false })) : entry.photos;
  const sentence = [told.sentence || urls.large, ...(isEmergency ? [] : refused)].join(" ");
  await put({ ...entry, photos, refused: isEmergency ? [] : refused, state: "conflict", sentence });
}

/** The answer of the portal, if it is one: taken, or not taken and why. Everything else is tried again later. */
async function post(url, token, fields) {
  const body = new FormData();
  for (const [name, value] of fields) body.append(name, value);
  body.append("csrfmiddlewaretoken", token);
  const answer = await fetch(url, { method: "POST", body, redirect: "manual", headers: { Accept: "application/json" } });
  const told = await answer.json().catch(() => null);
  if (told && [200, 201].includes(answer.status)) return { ok: true, told };
  if (told?.sentence && [400, 403, 409, 413].includes(answer.status)) return { ok: false, told };
  if (answer.status === 413) return { ok: false, told: { sentence: "" } }; // refused in front of the portal: the same bytes again help nobody
  throw new Error(`not sent: ${answer.status}`);
}
