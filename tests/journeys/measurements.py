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
MOVED = "window.kpShifts.slice(0, 8).join(', ')"


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf8")


def axe(page: Page, *rules: str) -> list[str]:
    """Findings of axe once nothing moves, one line a rule with the places; all rules, or those named."""
    page.evaluate("Promise.all(document.getAnimations().filter((one) => one.effect.getTiming().iterations < 9).map((one) => one.finished))")
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(_axe())
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    found = page.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"{one['id']} ({one['help']}): "
        + " | ".join(
            f"{node['target']} {node['html'][:160]} {node['failureSummary'][:300] if one['id'] == 'color-contrast' else ''}"
            for node in one["nodes"][:4]
        )
        for one in found["violations"]
    ]


def overhang(page: Page) -> int:
    """CSS pixels by which the page is wider than the window."""
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
