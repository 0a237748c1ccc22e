"""What is measured on a page in the browser: accessibility, width, weight, movement, focus."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import CDPSession, Page

MOVEMENT = """
window.kpMoved = 0;
window.kpShifts = [];
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) if (!shift.hadRecentInput) {
    window.kpMoved += shift.value;
    for (const { node } of shift.sources) window.kpShifts.push(`${node?.parentElement?.tagName}>${node?.nodeName}.${node?.className}`);
  }
}).observe({ type: "layout-shift", buffered: true });
"""
# The promise of a cancelled animation is rejected, and its element is gone: nothing moves any more.
_SETTLED = """() => Promise.allSettled(
  document.getAnimations().filter((one) => one.effect.getTiming().iterations < 9).map((one) => one.finished)
)"""
MOVED = "window.kpShifts.slice(0, 8).join(', ')"
_SIZES = """() => axe.run({ exclude: [".leaflet-container", "[data-draw-stage]"] }, {
  resultTypes: ["violations"], runOnly: { type: "rule", values: ["target-size"] }
})"""


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf8")


def axe(page: Page, *rules: str) -> list[str]:
    """Findings of axe once the page is loaded and nothing moves, one line a rule with the places; all rules, or those named."""
    page.wait_for_load_state()
    page.evaluate(_SETTLED)
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(_axe())
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    return _lines(page.evaluate("(options) => axe.run(document, options)", options)["violations"])


def small_targets(page: Page) -> list[str]:
    """What is pressed and smaller than 24 pixels (WCAG 2.2, 2.5.8), which `axe` leaves out.

    Points of a map and corners of a drawing are exempt, since their places are essential.
    """
    page.evaluate(_axe())
    return _lines(page.evaluate(_SIZES)["violations"])


def _lines(found: list[dict[str, Any]]) -> list[str]:
    return [
        f"{one['id']} ({one['help']}): "
        + " | ".join(
            f"{node['target']} {node['html'][:160]} {node['failureSummary'][:300] if one['id'] == 'color-contrast' else ''}"
            for node in one["nodes"][:4]
        )
        for one in found
    ]


# References, telephone numbers, amounts, dates and times of the text, whose characters are drawn from left to right in either direction of
# the page: where one stands left of the one before it on the same line, the text is returned.
_DISORDERED = r"""() => {
  const pattern = /[A-Z]{2,4}(?:-[0-9A-Z]+)+|\+965[ \d]*\d|\d[\d,]*\.\d{3}|\d{4}-\d{2}-\d{2}|\d{1,2}:\d{2}/g;
  const found = [], range = document.createRange();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const { 0: text, index } of node.data.matchAll(pattern)) {
      let before;
      for (let at = index; at < index + text.length; at++) {
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        const { left, top, width } = range.getBoundingClientRect();
        if (!width) continue;
        if (before && Math.abs(before.top - top) < 3 && left < before.left - 0.5) { found.push(text); break; }
        before = { left, top };
      }
    }
  }
  return found;
}"""


def disordered(page: Page) -> list[str]:
    """References and numbers that are drawn in another order than they are written."""
    return list(page.evaluate(_DISORDERED))


def overhang(page: Page) -> int:
    """CSS pixels by which the page, once it is loaded, is wider than the window."""
    page.wait_for_load_state()
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def movement(page: Page) -> float:
    """Cumulative layout shift so far, after fonts have come and two frames were drawn."""
    return float(
        page.evaluate(
            "async () => { await document.fonts.ready;"
            " await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))); return window.kpMoved; }"
        )
    )


class Scales:
    """Bytes as they came over the wire (compressed, headers included) since the last reading."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Network.enable")
        self._urls: dict[str, str] = {}
        self._bytes: dict[str, int] = {}
        self._session.on("Network.responseReceived", lambda event: self._urls.update({event["requestId"]: event["response"]["url"]}))
        self._session.on("Network.loadingFinished", lambda event: self._bytes.update({event["requestId"]: event["encodedDataLength"]}))

    def without_cache(self, off: bool) -> None:
        """Ask for everything anew, as a first visit does, or take what is kept."""
        self._session.send("Network.setCacheDisabled", {"cacheDisabled": off})

    def read(self) -> dict[str, int]:
        """Bytes by address, and start again from nothing."""
        found: dict[str, int] = {}
        for number, size in self._bytes.items():
            url = self._urls.get(number, number)
            found[url] = found.get(url, 0) + int(size)
        self._bytes.clear()
        return found
