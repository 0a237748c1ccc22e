// Areas, blocks and plots under the marks of a map, by zoom. The address in `data-outlines` names the levels, the tiles and the edition; without
// plots it names no edition, and nothing is drawn. On a map with `data-opens` a tap, or Enter for what lies in the middle, opens what is drawn.
const L = window.L;
const ROOM = 300; // names at most

// The features of a tile with their corners as places, and the box of each.
function unpacked({ level, west, south, step, features }) {
  return features.map((feature) => {
    const rings = feature.rings.map((flat) => {
      const ring = [];
      for (let at = 0; at < flat.length; at += 2) ring.push([south + flat[at + 1] * step, west + flat[at] * step]);
      return ring;
    });
    return { ...feature, level, rings, bounds: L.latLngBounds(rings.flat()) };
  });
}

// Whether a place lies inside of an odd number of rings: holes are left out.
function holds({ rings, bounds }, { lat, lng }) {
  if (!bounds.contains([lat, lng])) return false;
  let inside = false;
  for (const ring of rings) {
    ring.forEach(([y, x], index) => {
      const [v, u] = ring.at(index - 1);
      if ((y > lat) !== (v > lat) && lng < x + ((u - x) * (lat - y)) / (v - y)) inside = !inside;
    });
  }
  return inside;
}

export async function outlines(map, box, marks, dated) {
  const answer = await fetch(box.dataset.outlines);
  if (!answer.ok) return;
  const info = await answer.json();
  if (!info.edition) return;
  if (!("opens" in box.dataset)) dated(info.credit);
  map.createPane("outlines").classList.add("kp-map__outlines");
  map.createPane("numbers").classList.add("kp-map__numbers");
  const known = new Map(); // the answer of each tile
  const drawn = new Map(); // the layer and the features of each tile that is seen
  const names = L.layerGroup().addTo(map);
  const chosen = L.polygon([], { pane: "outlines", className: "kp-map__chosen", interactive: false }).addTo(map);

  const tile = (level, x, y) => {
    const address = info.tiles.replace("{z}", level.grid).replace("{x}", x).replace("{y}", y);
    if (!known.has(address)) {
      const got = fetch(address).then((one) => (one.ok ? one.json() : Promise.reject(new Error(one.status)))).then(unpacked);
      got.catch(() => known.delete(address)); // asked again when it is seen again
      known.set(address, got);
    }
    return known.get(address);
  };
  const levels = () => info.levels.filter(({ since }) => map.getZoom() >= since);
  const wanted = () => {
    const seen = new Map();
    for (const level of levels()) {
      const corner = (place) => map.project(place, level.grid).divideBy(256).floor();
      const [first, last] = [corner(map.getBounds().getNorthWest()), corner(map.getBounds().getSouthEast())];
      for (let x = first.x; x <= last.x; x += 1) for (let y = first.y; y <= last.y; y += 1) seen.set(`${level.grid}/${x}/${y}`, { level, x, y });
    }
    return seen;
  };
  const tones = new Map(marks.map(({ entry, tone }) => [entry.dataset.feature, tone])); // by the id of the feature
  const features = (name) => [...drawn.values()].filter(({ level }) => level.name === name).flatMap((one) => one.features);
  const finest = () => levels().at(-1)?.name;
  const found = (place) => features(finest()).find((feature) => holds(feature, place));
  const light = (feature) => chosen.setLatLngs(feature ? [feature.rings] : []);

  const name = () => {
    names.clearLayers();
    // Closer up, the numbers of blocks stand where the name of the area would.
    map.getContainer().classList.toggle("has-blocks", map.getZoom() > 14 && features("blocks").length > 0);
    const taken = new Set(); // what is marked has its number in its mark
    for (const level of ["plots", "blocks"]) {
      if (level === "blocks" && finest() === "plots" && map.getZoom() > 16) continue;
      for (const feature of features(level)) {
        if (taken.size >= ROOM || taken.has(feature.id) || tones.has(feature.id) || !map.getBounds().intersects(feature.bounds)) continue;
        const { x, y } = map.project(feature.bounds.getSouthEast()).subtract(map.project(feature.bounds.getNorthWest()));
        const wide = feature.name.length * 7.5 + 4;
        if (wide > x || y < 20) continue;
        taken.add(feature.id);
        const html = Object.assign(document.createElement("span"), { textContent: feature.name, dir: "ltr" });
        const icon = L.divIcon({ className: `kp-map__number is-${level}`, html, iconSize: [wide, 20] });
        const options = { pane: "numbers", icon, interactive: false, keyboard: false };
        L.marker(feature.bounds.getCenter(), options).addTo(names).getElement().setAttribute("aria-hidden", "true");
      }
    }
  };
  const draw = async () => {
    const seen = wanted();
    for (const [key, { layer }] of drawn) {
      if (seen.has(key)) continue;
      layer.remove();
      drawn.delete(key);
    }
    await Promise.allSettled([...seen].map(async ([key, { level, x, y }]) => {
      const content = await tile(level, x, y);
      if (drawn.has(key) || !wanted().has(key)) return; // drawn meanwhile, or out of sight
      const options = { pane: "outlines", className: `kp-map__outline is-${level.name}`, interactive: false, fill: false, smoothFactor: 0 };
      const layer = L.layerGroup([L.polygon(content.map(({ rings }) => rings), options)]).addTo(map);
      for (const { id, rings } of content) {
        const tone = tones.get(id);
        if (tone) L.polygon(rings, { ...options, className: `kp-map__answer is-${tone}`, fill: true }).addTo(layer);
      }
      drawn.set(key, { level, features: content, layer });
    }));
    name();
  };
  map.on("moveend", draw);
  if (marks.length === 1 && !("opens" in box.dataset)) await nearer(map, marks[0].at, tile, info.levels.at(-1));
  if ("opens" in box.dataset) opening(map, box, { info, found, light, marks });
  await draw();
  if (marks.length === 1 && finest() === "plots") light(found(marks[0].at));
}

// One mark alone is shown among its plots, unless the visitor moved the map already or there are no plots there.
async function nearer(map, place, tile, level) {
  let moved = false;
  map.once("movestart", () => { moved = true; });
  const { x, y } = map.project(place, level.grid).divideBy(256).floor();
  const content = await tile(level, x, y);
  if (content.length && !moved) map.setView(place, level.since + 1, { animate: false });
}

function opening(map, box, { info, found, light, marks }) {
  const ground = map.getContainer();
  const aim = box.appendChild(Object.assign(document.createElement("p"), { className: "kp-map__aim", hidden: true }));
  aim.setAttribute("role", "status");
  const open = (feature) => {
    if (feature) location.assign(info[feature.level].replace(/\{(\w+)\}/g, (_, key) => encodeURIComponent(feature[key])));
  };
  const called = (feature) => {
    const word = info.levels.find(({ name }) => name === feature.level).word;
    return `${word} ${feature.name ?? feature[document.documentElement.lang]}`.trim();
  };
  // Whoever moves the map by keys reads what lies in its middle.
  const middle = () => {
    aim.hidden = !ground.matches(":focus-visible");
    const feature = aim.hidden ? undefined : found(map.getCenter());
    aim.textContent = feature ? called(feature) : "";
    light(feature);
  };
  ground.classList.add("is-open");
  map.doubleClickZoom.disable();
  map.on("click", ({ latlng }) => open(found(latlng)));
  map.on("mousemove", ({ latlng }) => light(found(latlng)));
  map.on("mouseout", () => light());
  map.on("moveend", middle);
  ground.addEventListener("focus", middle);
  ground.addEventListener("blur", middle);
  ground.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === ground) open(found(map.getCenter()));
  });
  for (const { entry, at } of marks) {
    for (const event of ["focusin", "pointerenter"]) entry.addEventListener(event, () => light(found(at)));
    for (const event of ["focusout", "pointerleave"]) entry.addEventListener(event, () => light());
  }
}
