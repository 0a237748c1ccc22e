// Keeps the form of the field at hand where there is no line. Made by the portal; its scope is the folder of the field pages.
const kept = "kp-field-1";
const form = "{{ form_url }}";

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const request = event.request;
  if (request.method !== "GET") return;
  const path = new URL(request.url).pathname;
  if (path !== form && !path.startsWith("{{ static_url }}")) return;
  event.respondWith(answer(request, path));
});

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
