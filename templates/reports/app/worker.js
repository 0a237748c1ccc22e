// Keeps the form of a report at hand without a line, and what is sent then. Made by the portal; its scope is the folder of the form.
import { FULL, SYNC, keep, keepShared, send, tell } from "{% static 'js/report_store.js' %}";

const kept = "kp-report-1";
const form = "{{ form_url }}";
const urls = { send: "{% url 'reports:send' %}", photo: "{% url 'reports:photo_held' %}", large: "{{ large }}" };
const DAY = 86400000;

self.addEventListener("install", (event) => event.waitUntil(keepForm().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("sync", (event) => { if (event.tag === SYNC) event.waitUntil(send(urls)); });
// A page tells what it is made of: that was loaded before this worker could keep it.
self.addEventListener("message", (event) => event.waitUntil(keepFiles(event.data.files ?? []).then(keepForm)));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname } = new URL(request.url);
  if (request.method === "POST" && pathname === "{% url 'reports:share' %}") event.respondWith(take(request));
  else if (request.method === "POST" && pathname === form) event.respondWith(post(request));
  else if (request.method !== "GET") return;
  else if (pathname.startsWith("{{ static_url }}")) event.respondWith(answer(request));
  else if (request.mode === "navigate" && pathname === form) event.respondWith(fetch(request).catch(() => keptForm()));
});

/** As somebody without a session sees it, once a day: what a person typed or is called is not kept. */
async function keepForm() {
  const cache = await caches.open(kept);
  const last = await cache.match(form);
  if (last && Date.now() - Date.parse(last.headers.get("Date")) < DAY) return;
  const fresh = await fetch(form, { credentials: "omit" }).catch(() => null);
  if (fresh?.ok && !fresh.redirected) await cache.put(form, fresh);
}

async function keepFiles(files) {
  const cache = await caches.open(kept);
  for (const url of files) if (!(await cache.match(url))) await cache.add(url).catch(() => {});
}

async function keptForm() {
  const last = await (await caches.open(kept)).match(form);
  if (!last) return Response.error();
  const page = (await last.text()).replace("data-report-app", "data-report-app data-cached");
  return new Response(page, { headers: last.headers });
}

/** Names of static files change with their content: what is kept is right. */
async function answer(request) {
  const cache = await caches.open(kept);
  const last = await cache.match(request);
  if (last) return last;
  const fresh = await fetch(request);
  if (fresh.ok) await cache.put(request, fresh.clone());
  return fresh;
}

/** To the portal; without a line it is kept here and sent later. */
async function post(request) {
  const copy = request.clone();
  try {
    return await fetch(request);
  } catch {
    const data = await copy.formData();
    const isReport = (data.has("send") || data.has("check")) && !data.has("change") && !data.has("_language");
    if (!isReport) return Response.error(); // the browser says that there is no connection, and goes back to what was typed
    const isKept = await keep(data).then(() => true, () => false);
    if (!isKept) {
      tell(FULL);
      return new Response(null, { status: 204 }); // the page stays, with what was typed
    }
    await self.registration.sync?.register(SYNC).catch(() => {});
    return store(async () => "kept");
  }
}

function take(request) {
  return store(async () => {
    await keepShared(await request.formData());
    return "shared";
  });
}

async function store(act) {
  const said = await act().catch(() => FULL);
  return Response.redirect(`${form}?${said}#photo`, 303);
}
