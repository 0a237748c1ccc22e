// A map of the list that stands beside it. The list is the source: each entry with `data-lat` and `data-lon` is a mark, `data-count` says for
// how many it stands and `data-overdue` how many of them are overdue, `data-tone` (ok, some, warn, bad, wait, late) gives the mark its shape, `data-label` and `data-mark` its text. Only the base layer and the outlines of areas, blocks and plots are
// fetched; no style is written into HTML.
import { outlines } from "./outlines.js";

const L = window.L;
const GLYPHS = { ok: "✓", warn: "!", bad: "✕", wait: "…", late: "!" };
const MOST = 18; // zoom at which a plot of 20 m is as large as a finger
const NEAR = 40; // CSS pixels within which marks become one
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const touch = matchMedia("(pointer: coarse)").matches;

function element(name, css, text) {
  const made = document.createElement(name);
  if (css) made.className = css;
  if (text !== undefined) made.textContent = text;
  return made;
}

function read(list) {
  return [...list.querySelectorAll("[data-lat][data-lon]")].map((entry) => ({
    entry,
    at: L.latLng(Number(entry.dataset.lat), Number(entry.dataset.lon)),
    count: Number(entry.dataset.count ?? 1),
    overdue: Number(entry.dataset.overdue ?? 0),
    tone: entry.dataset.tone ?? "",
    label: entry.dataset.label ?? "",
    mark: entry.dataset.mark || GLYPHS[entry.dataset.tone] || "",
    name: (entry.querySelector("a") ?? entry).textContent.trim().replace(/\s+/g, " ").slice(0, 120),
  }));
}

// Whether a label is a word and a number, which stand above the mark.
const isBlock = ({ label }) => label.includes(" ");

// Marks that would cover each other at this zoom, as one: the first keeps its place in the list, the place is the mean of all.
function grouped(map, marks) {
  const groups = [];
  for (const mark of marks) {
    const point = map.project(mark.at);
    const high = mark.label && !isBlock(mark) ? 24 : NEAR; // a number beside its glyph is one line
    const group = groups.find((one) => Math.abs(one.point.x - point.x) < NEAR && Math.abs(one.point.y - point.y) < high);
    if (group) group.marks.push(mark);
    else groups.push({ point, marks: [mark] });
  }
  for (const group of groups) {
    const { marks: all } = group;
    group.count = all.reduce((sum, mark) => sum + mark.count, 0);
    group.at = L.latLng(all.reduce((sum, mark) => sum + mark.at.lat, 0) / all.length, all.reduce((sum, mark) => sum + mark.at.lng, 0) / all.length);
  }
  return groups;
}

// The overdue share of several, as an arc around their number.
function arc(share) {
  const drawn = (name, values) => {
    const made = L.SVG.create(name);
    for (const [key, value] of Object.entries(values)) made.setAttribute(key, value);
    return made;
  };
  const svg = drawn("svg", { viewBox: "0 0 40 40", class: "kp-map__arc", "aria-hidden": "true" });
  svg.append(drawn("circle", { cx: 20, cy: 20, r: 18, pathLength: 100, "stroke-dasharray": `${share} 100`, transform: "rotate(-90 20 20)" }));
  return svg;
}

// Circles of one view of the same list: the darker, the more (`data-heat` 1 to 4).
function heat(map, marks) {
  for (const { at, entry } of marks) {
    const step = Number(entry.dataset.heat);
    L.circleMarker(at, { radius: 12 + 7 * step, interactive: false, className: `kp-map__heat is-${step}` }).addTo(map);
  }
}

function icon({ count, marks }) {
  const tones = new Set(marks.map((mark) => mark.tone));
  const tone = tones.size === 1 ? [...tones][0] : "";
  const size = count > 99 ? 48 : count > 1 ? 40 : 32;
  const [first] = marks;
  const named = count === 1 && first.label;
  const html = element("span", "kp-map__mark", count > 1 ? String(count) : first.mark);
  if (named) html.prepend(element("span", "", first.label));
  const overdue = marks.reduce((sum, mark) => sum + mark.overdue, 0);
  if (count > 1 && overdue) html.append(arc((100 * overdue) / count));
  const css = `kp-map__pin${tone ? ` is-${tone}` : ""}${count > 1 ? " is-many" : ""}${named ? " is-named" : ""}${isBlock(first) ? " is-block" : ""}`;
  return L.divIcon({ className: css, html, iconSize: named ? (isBlock(first) ? [68, 42] : [46, 24]) : [size, size] });
}

function told(box, marks) {
  const body = element("div", "kp-map__told");
  body.dir = document.documentElement.dir;
  if (marks.length > 1) body.append(element("p", "", `${box.dataset.many} ${marks.reduce((sum, mark) => sum + mark.count, 0)}`));
  const list = body.appendChild(element("ul", ""));
  for (const { entry } of marks) {
    const copy = list.appendChild(element("li", ""));
    copy.append(...[...entry.childNodes].map((node) => node.cloneNode(true)));
  }
  return body;
}

function labels(map, places) {
  map.createPane("names").classList.add("kp-map__names");
  const layer = L.layerGroup().addTo(map);
  const draw = () => {
    layer.clearLayers();
    const taken = [];
    for (const [lat, lon, ar, en] of places) {
      const point = map.latLngToContainerPoint([lat, lon]);
      const name = document.documentElement.lang === "ar" ? ar : en;
      const wide = name.length * 7 + 16;
      if (taken.some((one) => Math.abs(one.x - point.x) < (one.wide + wide) / 2 && Math.abs(one.y - point.y) < 22)) continue;
      taken.push({ x: point.x, y: point.y, wide });
      const html = element("span", "", name);
      const shape = L.divIcon({ className: "kp-map__place", html, iconSize: [wide, 20] });
      L.marker([lat, lon], { pane: "names", icon: shape, interactive: false, keyboard: false }).addTo(layer).getElement().setAttribute("aria-hidden", "true");
    }
  };
  map.on("zoomend", draw);
  draw();
}

// Whether a script could be loaded.
function script(source) {
  return new Promise((resolve) => {
    const made = document.createElement("script");
    Object.assign(made, { src: source, onload: () => resolve(true), onerror: () => resolve(false) });
    document.head.append(made);
  });
}

async function base(map, box) {
  if (box.dataset.vector && await script(box.dataset.vector)) {
    const flavor = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    window.protomapsL.leafletLayer({ url: box.dataset.tiles, flavor, lang: document.documentElement.lang, attribution: "" }).addTo(map);
    return;
  }
  if (box.dataset.tiles && !box.dataset.vector) {
    L.tileLayer(box.dataset.tiles, { maxZoom: MOST }).addTo(map);
    return;
  }
  const answer = await fetch(box.dataset.base);
  if (!answer.ok) return;
  const { land, places } = await answer.json();
  const pane = map.createPane("land");
  pane.classList.add("kp-map__land");
  const style = ({ properties }) => ({ pane: "land", className: properties.home ? "is-home" : "is-abroad", weight: 1 });
  L.geoJSON(land, { pane: "land", interactive: false, style }).addTo(map);
  labels(map, places);
}

// Where the marks are. Of areas all over the country only the middle ones, which lie close together.
function bounds(marks, opens) {
  const all = L.latLngBounds(marks.map((mark) => mark.at));
  if (!opens || all.getNorth() - all.getSouth() < 0.4) return all;
  const middle = (key) => {
    const sorted = marks.map(({ at }) => at[key]).sort((one, other) => one - other);
    return [sorted[Math.floor(sorted.length * 0.15)], sorted[Math.ceil(sorted.length * 0.85) - 1]];
  };
  const [[south, north], [west, east]] = [middle("lat"), middle("lng")];
  return L.latLngBounds([south, west], [north, east]);
}

// Leaflet's bar of the scale in the page's own words.
function scale(map, box) {
  const Bar = L.Control.Scale.extend({
    _updateMetric(most) {
      const metres = this._getRoundNum(most);
      const text = metres < 1000 ? `${metres} ${box.dataset.metres}` : `${metres / 1000} ${box.dataset.kilometres}`;
      this._mScale.dir = document.documentElement.dir;
      this._updateScale(this._mScale, text, metres / most);
    },
  });
  new Bar({ imperial: false, position: "bottomleft" }).addTo(map);
}

function draw(box) {
  const list = document.getElementById(box.dataset.map);
  if (!L || !list) return;
  const marks = read(list);
  box.textContent = "";
  const ground = box.appendChild(element("div", "kp-map__ground"));
  ground.dir = "ltr"; // the map's own arithmetic; its words carry their own direction
  ground.setAttribute("role", "region");
  ground.setAttribute("aria-label", box.dataset.label);
  const map = L.map(ground, {
    zoomControl: false,
    attributionControl: false,
    scrollWheelZoom: false, // the page scrolls under the wheel, and under one finger
    dragging: !touch,
    minZoom: 7,
    maxZoom: MOST,
    zoomAnimation: !calm,
    fadeAnimation: !calm,
    markerZoomAnimation: !calm,
    maxBounds: [[27.8, 45.6], [30.9, 49.7]],
  });
  map.setView([29.32, 47.95], 9);
  const atEnd = document.documentElement.dir === "rtl" ? "topright" : "topleft";
  L.control.zoom({ position: atEnd, zoomInTitle: box.dataset.in, zoomOutTitle: box.dataset.out }).addTo(map);
  const credit = L.control.attribution({ prefix: false, position: "bottomleft" }).addAttribution(box.dataset.credit).addTo(map);
  scale(map, box);
  const opens = Number(box.dataset.opens); // the zoom of its level; not a number on other maps
  const nearest = opens || Number(box.dataset.near) || (box.dataset.tiles ? 15 : 12);
  if (marks.length > 1) map.fitBounds(bounds(marks, opens).pad(opens ? 0.2 : 0.1), { maxZoom: nearest, animate: false });
  else if (marks.length) map.setView(marks[0].at, opens || Number(box.dataset.near) || 12, { animate: false });
  if (opens > 16 && map.getZoom() < 17) map.setZoom(17, { animate: false }); // plots a finger can tap
  const dated = (edition) => credit.removeAttribution(box.dataset.credit).addAttribution(`${box.dataset.credit} · ${edition}`);
  box.dispatchEvent(new CustomEvent("kp-map", { detail: map })); // a page that sets a pin of its own (report.js)
  if (box.dataset.outlines) outlines(map, box, marks, dated).catch(() => {}); // the map stands without them
  if (opens) {
    base(map, box).catch(() => {});
    return;
  }

  if ("heat" in list.dataset) {
    heat(map, marks);
    base(map, box).catch(() => {});
    return;
  }
  const layer = L.layerGroup().addTo(map);
  let shown = [];
  const open = (group, pin) => {
    const bounds = L.latLngBounds(group.marks.map((mark) => mark.at));
    if (group.marks.length > 1 && map.getZoom() < map.getMaxZoom() && bounds.getNorthEast().distanceTo(bounds.getSouthWest()) > 60) {
      map.fitBounds(bounds.pad(0.2));
      return;
    }
    pin.unbindPopup().bindPopup(told(box, group.marks), { maxWidth: 300, maxHeight: 240, autoPanPadding: [12, 12] }).openPopup();
    pin.getPopup().getElement()?.querySelector(".leaflet-popup-close-button")?.setAttribute("aria-label", box.dataset.close);
  };
  const redraw = () => {
    layer.clearLayers();
    shown = grouped(map, marks).map((group) => {
      const [first] = group.marks;
      const name = group.marks.length > 1 ? `${box.dataset.many} ${group.count}` : first.count > 1 ? `${first.name}: ${first.count}` : `${first.name} ${first.label && first.mark}`.trim();
      const pin = L.marker(group.at, { icon: icon(group), title: name, riseOnHover: true, keyboard: true }).addTo(layer);
      pin.getElement().setAttribute("aria-label", name);
      pin.on("click", () => open(group, pin));
      pin.on("keypress", ({ originalEvent }) => originalEvent.key === "Enter" && open(group, pin));
      return { group, pin };
    });
  };
  map.on("zoomend", redraw);
  redraw();
  // Whoever reads the list sees on the map where they are.
  const light = (entry, on) => {
    const found = shown.find(({ group }) => group.marks.some((mark) => mark.entry === entry));
    found?.pin.getElement()?.classList.toggle("is-lit", on);
  };
  for (const { entry } of marks) {
    for (const event of ["focusin", "pointerenter"]) entry.addEventListener(event, () => light(entry, true));
    for (const event of ["focusout", "pointerleave"]) entry.addEventListener(event, () => light(entry, false));
  }
  if (box.dataset.here) {
    const link = element("a", "kp-map__here", box.dataset.hereLabel);
    link.hidden = true;
    box.append(link);
    const aim = () => {
      const { _southWest: low, _northEast: high } = map.getBounds();
      link.href = box.dataset.here + [low.lat, low.lng, high.lat, high.lng].map((edge) => edge.toFixed(5)).join(",");
    };
    map.once("movestart", () => { link.hidden = false; });
    map.on("moveend", aim);
    aim();
  }
  base(map, box).catch(() => {}); // marks and list stand without it
}

for (const box of document.querySelectorAll("[data-map]")) {
  const fold = box.closest("details:not([open])"); // folded it has no size yet
  if (fold) fold.addEventListener("toggle", () => draw(box), { once: true });
  else draw(box);
}
