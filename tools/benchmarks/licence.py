"""Licences and plates: facts to sealed file against the bare rendering of the same page, in processor seconds of one core.

The bare rendering is the same template with the same facts, fonts, style sheet and pictures kept in the process, as a
plain PDF: no tags, no PDF/A, no enclosed facts, no seal. Both take turns; the table shows medians. A plate has no seal.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from io import BytesIO
from statistics import median
from typing import Any

from tools.benchmarks import subjects, tables
from tools.stack.running import Servers

AIM = 1.35
BOARDS = (1, 3, 10)  # on one page in one layout, also with smaller type, and on two pages
WAYS = {
    "bare": "bare rendering (plain PDF)",
    "whole": "facts to finished file",
    "archive": "PDF/A-3a with tags and enclosed facts, unsealed",
    "seal": "seal alone",
}


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench licence [--rounds 15] [--write]`."""
    parser = argparse.ArgumentParser(prog="script/bench licence", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args(arguments)
    with subjects.small_demo(servers):
        measured = measure_all(options.rounds)
    rows: list[tuple[str, ...]] = []
    for name, times in measured.items():
        bare = median(times["bare"])
        for way, took in times.items():
            ratios = [one / other for one, other in zip(took, times["bare"], strict=True)]
            ratio = f"**{median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f})" if way == "whole" else f"{median(took) / bare:.2f}"
            rows.append((name, WAYS[way], f"{1000 * median(took):.0f}", ratio))
    text = tables.table(("page", "step", "CPU ms", "to bare"), rows)
    whole = median(measured["health licence"]["whole"])
    text += f"\n\n{1 / whole:.1f} sealed licences a second and core; {options.rounds} rounds. Aim: at most {AIM}."
    tables.publish("licence", text, write=options.write)
    return 0


def measure_all(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Processor seconds of each way of a health licence, licences of boards and a plate. Needs the demo's issued licences."""
    from licensing.health.documents import HealthLicenceFacts
    from licensing.models import Board
    from licensing.signage import plates
    from licensing.signage.documents import BoardLicenceFacts, facts_of
    from municipality.documents import services
    from municipality.documents.models import Document
    from municipality.documents.states import LIVE

    health = Document.objects.filter(kind=HealthLicenceFacts.kind, state__in=LIVE).order_by("-pk")[0]
    boards = Board.objects.filter(first_day__isnull=False, request__document__state__in=LIVE).select_related("request__document")
    board = boards.select_related("request__shop").order_by("-pk")[0]
    licence = board.request.document
    assert licence is not None
    days = [(one, one.first_day, one.last_day) for one in board.request.boards.all() if one.first_day and one.last_day]
    found = {"health licence": measure(lambda: services.render_and_seal(HealthLicenceFacts, health), rounds)}
    for many in BOARDS:
        licence.facts = facts_of(board.request, licence.number, (days * many)[:many]).dump()  # the demo's are carried over, without a file
        name = f"licence of {many} boards" if many > 1 else "licence of one board"
        found[name] = measure(lambda: services.render_and_seal(BoardLicenceFacts, licence), rounds)
    found["plate of a board"] = measure(lambda: plates.pdf(board), rounds, is_sealed=False)
    return found


def measure(make: Callable[[], bytes], rounds: int, *, is_sealed: bool = True) -> dict[str, list[float]]:
    """Processor seconds of `make` and its parts, in turns, after two unmeasured rounds."""
    from municipality.documents import rendering, signing
    from municipality.kernel import clock

    given: dict[str, Any] = {}
    draw, fill = rendering.render, rendering._html

    def note(template: str, context: Mapping[str, Any], **options: Any) -> bytes:
        given.update(template=template, context=context, options=options)
        return draw(template, context, **options)

    def note_page(template: str, context: dict[str, Any], language: str) -> str:
        given.update(density=context["density"])  # the last one is that of the page that fits
        return fill(template, context, language)

    rendering.render, rendering._html = note, note_page  # type: ignore[assignment]
    try:
        make()
    finally:
        rendering.render, rendering._html = draw, fill
    pdf = draw(given["template"], given["context"], **given["options"])
    ways: dict[str, Callable[[], bytes]] = {"bare": lambda: bare_pdf(given), "whole": make}
    if is_sealed:
        ways["archive"] = lambda: draw(given["template"], given["context"], **given["options"])
        ways["seal"] = lambda: signing.sign_pdf(pdf, reason="Health licence", at=clock.now())
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 2):
        for name, way in ways.items():
            began = time.process_time()
            way()
            took = time.process_time() - began
            if number >= 2:
                times[name].append(took)
    return times


def bare_pdf(given: Mapping[str, Any]) -> bytes:
    """The page as a plain PDF, drawn with the process's own fonts, style sheet and pictures."""
    from municipality.documents import rendering
    from municipality.documents.assets import asset_fetcher
    from municipality.kernel import clock

    weasyprint = rendering._weasyprint()
    options = given["options"]
    created = options.get("at") or clock.now()
    values = {**given["context"], "title": options["title"], "language": "ar", "created": created, "density": given["density"]}
    html = rendering._html(given["template"], values, "ar")
    kit = rendering._kit(weasyprint)
    out = BytesIO()
    weasyprint.HTML(string=html, url_fetcher=asset_fetcher()).render(
        font_config=kit.fonts, stylesheets=[kit.stylesheet], cache=kit.pictures
    ).write_pdf(out)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit("Run it as script/bench licence")
