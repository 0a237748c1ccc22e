// Keeps the form of the field at hand where there is no line. Made by the portal; its scope is the folder of the field pages.
const kept = "kp-field-1";
const form = "{{ form_url }}";
const forms = [form{% for url in more_urls %}, "{{ url }}"{% endfor %}];

self.addEventListener("install", (event) => event.waitUntil(keepForm().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const request = event.request;
  if (request.method !== "GET") return;
  const { pathname, search } = new URL(request.url);
  // The form that begins with a shop is not kept: without a line it would begin with the last one.
  if ((forms.includes(pathname) && !search) || pathname.startsWith("{{ static_url }}")) event.respondWith(answer(request, pathname));
  else if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => Response.redirect(form)));
});

/** The form itself is kept as soon as any page of the field was open; so are the others. */
async function keepForm() {
  for (const url of forms) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok && !answer.redirected) await (await caches.open(kept)).put(url, answer);
  }
}

/** From the net while there is one; what came last otherwise. A page of somebody who is signed out is not kept. */
async function answer(request, path) {
  const cache = await caches.open(kept);
  try {
    const fresh = await fetch(request);
    if (fresh.ok && !fresh.redirected) await cache.put(path, fresh.clone());
    return fresh;
  } catch (error) {
    const last = await cache.match(path);
    if (last) return last;
    throw error;
  }
}
