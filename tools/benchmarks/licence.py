"""The licence: facts to sealed file against the bare rendering of the same page, in processor seconds of one core.

The bare rendering is the same template with the same facts, fonts, style sheet and pictures kept in the process, as a
plain PDF: no tags, no PDF/A, no enclosed facts, no seal. Both take turns; the table shows medians.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

from tools.benchmarks import subjects, tables
from tools.stack.running import Servers, Stack, Template

AIM = 1.35


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench licence [--rounds 15] [--write]`."""
    parser = argparse.ArgumentParser(prog="script/bench licence", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        template = Template(servers, Path(folder))
        try:
            template.make("--small")
            stack = Stack(servers.with_database(template.database), template.folder)
            subjects.set_up(stack.environment)
            times = measure(options.rounds)
        finally:
            template.drop()
    whole, bare, archive, seal = (median(times[name]) for name in ("whole", "bare", "archive", "seal"))
    ratios = [w / b for w, b in zip(times["whole"], times["bare"], strict=True)]
    rows = [
        ("bare rendering (plain PDF)", f"{1000 * bare:.0f}", "1.00"),
        ("PDF/A-3a with tags and enclosed facts, unsealed", f"{1000 * archive:.0f}", f"{archive / bare:.2f}"),
        ("seal alone", f"{1000 * seal:.0f}", f"{seal / bare:.2f}"),
        ("facts to sealed file", f"{1000 * whole:.0f}", f"**{median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f})"),
    ]
    text = tables.table(("step", "CPU ms", "to bare"), rows)
    text += f"\n\n{1 / whole:.1f} sealed licences a second and core; {options.rounds} rounds. Aim: at most {AIM}."
    tables.publish("licence", text, write=options.write)
    return 0


def measure(rounds: int) -> dict[str, list[float]]:
    """Processor seconds of each way, in turns, after two unmeasured rounds. Needs the demo's issued licences."""
    from licensing.health.documents import HealthLicenceFacts
    from municipality.documents import rendering, services, signing
    from municipality.documents.models import Document
    from municipality.kernel import clock

    document = Document.objects.filter(kind="health_licence", state="active").order_by("pk")[0]
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
        services.render_and_seal(HealthLicenceFacts, document)
    finally:
        rendering.render, rendering._html = draw, fill
    pdf = draw(given["template"], given["context"], **given["options"])
    ways: dict[str, Callable[[], bytes]] = {
        "bare": lambda: bare_pdf(given),
        "whole": lambda: services.render_and_seal(HealthLicenceFacts, document),
        "archive": lambda: draw(given["template"], given["context"], **given["options"]),
        "seal": lambda: signing.sign_pdf(pdf, reason="Health licence", at=clock.now()),
    }
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

    weasyprint = rendering._weasyprint()
    options = given["options"]
    values = {**given["context"], "title": options["title"], "language": "ar", "created": options["at"], "density": given["density"]}
    html = rendering._html(given["template"], values, "ar")
    kit = rendering._kit(weasyprint)
    out = BytesIO()
    weasyprint.HTML(string=html, url_fetcher=asset_fetcher()).render(
        font_config=kit.fonts, stylesheets=[kit.stylesheet], cache=kit.pictures
    ).write_pdf(out)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit("Run it as script/bench licence")
