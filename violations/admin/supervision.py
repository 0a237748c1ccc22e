"""Figures of violation reports for supervisors: a chart, a table whose numbers link to their rows, and an export."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.services import record
from municipality.kernel.actors import Actor
from municipality.ui.admin_base import require_role
from municipality.ui.names import name_field
from municipality.ui.texts import Text
from violations import figures
from violations.admin import filters
from violations.admin.figure_labels import LABELS, SPANS, SPLITS
from violations.admin.overview import branch_or_403
from violations.admin.tables import of_unit, role_of
from violations.figures import FigureLine, Span
from violations.models import Team, Violation
from violations.services.court import cell

ROLES = ("supervisor", "violation_authority", "auditor")
BARS = 12


@dataclass(frozen=True)
class Cell:
    """One number of the table with the URL of its rows; `share` in whole per cent, `label` the heading of its column."""

    label: Text
    number: int
    url: str
    share: int | None


def _require_role(request: HttpRequest) -> str | None:
    require_role(request, *ROLES)
    return branch_or_403(request)


def _names(split: str, areas: dict[int, str], offences: dict[str, str]) -> dict[Any, str]:
    """Key → name, for a split."""
    return dict(Team.objects.values_list("pk", name_field())) if split == "team" else areas if split == "area" else offences  # type: ignore[return-value]


@require_safe
def board(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Figures of a period by team, offence or area."""
    branch = _require_role(request)
    areas, offences = filters.areas(branch), filters.offences()
    choice = filters.parse(request.GET, areas, offences)
    split = request.GET.get("by", "team")
    if split not in SPLITS:
        choice.errors.append(_("Please choose from the lists: one of the choices does not exist."))
        split = "team"
    rows = choice.apply(of_unit(request, Violation.objects.all()))
    total, lines = figures.lines(rows, split)
    names = _names(split, areas, offences)
    if request.GET.get("form") == "csv" and not choice.errors:
        return _export(request, choice, split, total, lines, names)
    max_count = max((line.counts["recorded"] for line in lines), default=0) or 1
    to_rows = reverse("admin:office_map")
    bars = [
        (
            names.get(line.key, line.key),
            f"{to_rows}?{choice.query(**{split: line.key}, figure='recorded')}",
            line.counts["recorded"],
            line.counts["minutes"],
            f"{100 * line.counts['recorded'] / max_count:.1f}",
            f"{100 * line.counts['minutes'] / max_count:.1f}",
        )
        for line in lines[:BARS]
    ]
    table = [(names.get(line.key, line.key), list(_cells(line, choice, to_rows, {split: line.key}))) for line in lines]
    spans = [(names.get(line.key, line.key), [_span_texts(line.spans[name]) for name in SPANS]) for line in lines]
    return TemplateResponse(
        request,
        "admin/violations/figures.html",
        {
            **admin.site.page_context(request),
            "title": _("Figures of violation reports"),
            "error": " ".join(dict.fromkeys(choice.errors)),
            "choice": choice,
            "split": split,
            "splits": SPLITS.items(),
            "split_label": SPLITS[split],
            "heads": LABELS.values(),
            "span_heads": SPANS.values(),
            "total": list(_cells(total, choice, to_rows, {})),
            "total_spans": [_span_texts(total.spans[name]) for name in SPANS],
            "shares": [(LABELS[name], LABELS[base], total.share(name)) for name, base in figures.SHARES.items()],
            "table": table,
            "spans": spans,
            "bars": bars,
            "more_bars": len(lines) - len(bars),
            "export_url": f"?{choice.query(by=split, form='csv')}",
        },
        status=400 if choice.errors else 200,
    )


def _cells(line: FigureLine, choice: filters.FilterChoice, to_rows: str, own: dict[str, Any]) -> Iterator[Cell]:
    for name, number in line.counts.items():
        share = line.share(name) if name in figures.SHARES else None
        yield Cell(LABELS[name], number, f"{to_rows}?{choice.query(**own, figure=name)}" if number else "", share)


def _span_texts(span: Span | None) -> tuple[int, str, str] | None:
    return (span.count, f"{span.median:.1f}", f"{span.ninety:.1f}") if span is not None else None


def _export(
    request: AuthenticatedHttpRequest,
    choice: filters.FilterChoice,
    split: str,
    total: FigureLine,
    lines: list[FigureLine],
    names: dict[Any, str],
) -> HttpResponse:
    """The table as CSV in UTF-8 with a byte order mark. Small counts and durations of few cases are hidden (`figures.hidden`)."""
    user = request.user
    is_hidden = {name: figures.hidden(line.counts[name] for line in lines) for name in figures.FIGURES}
    text = io.StringIO()
    writer = csv.writer(text)
    headers = [SPLITS[split], *LABELS.values()]
    for label in SPANS.values():
        headers += [f"{label}: {part}" for part in (_("number"), _("median"), _("nine of ten"))]
    writer.writerow([cell(head) for head in headers])
    for index, line in enumerate(lines):
        counts = [_("hidden") if is_hidden[name][index] else line.counts[name] for name in figures.FIGURES]
        writer.writerow([cell(value) for value in (names.get(line.key, line.key), *counts, *_spans(line))])
    # The total of a single line is that line.
    counts = [_("hidden") if 0 < number < figures.SMALL else number for number in total.counts.values()]
    writer.writerow([cell(value) for value in (_("All"), *counts, *_spans(total))])
    data = {"by": split, "first": choice.first.isoformat(), "last": choice.last.isoformat()}
    with transaction.atomic():
        record("figures.exported", subject=user.key, actor=Actor(role_of(request), user.key), data=data)
    response = HttpResponse(b"\xef\xbb\xbf" + text.getvalue().encode(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="minutes-{split}-{choice.first}-{choice.last}.csv"'
    return response


def _spans(line: FigureLine) -> list[str]:
    cells: list[str] = []
    for name in SPANS:
        span = line.spans[name]
        if span is None:
            cells += ["0", "", ""]
        elif span.count < figures.SMALL:
            cells += [_("hidden")] * 3
        else:
            cells += [str(span.count), f"{span.median:.1f}", f"{span.ninety:.1f}"]
    return cells
