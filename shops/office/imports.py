"""Sheets of the register: loaded by a clerk, shown with what they would do and every error, released by a second person, watched."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.proof import asks_again, steps
from municipality.kernel.errors import Refused
from municipality.ui.admin_base import in_group
from municipality.ui.sheets import problem_sheet
from municipality.ui.tables import as_csv
from shops.imports import services
from shops.imports.columns import COLUMNS, MOST_BYTES, NEEDED, NEEDED_OF_NEW
from shops.imports.problems import LINE, NotReadable
from shops.models import RegisterFile
from shops.models.imports import Outcome
from shops.office.views.base import demand_any, page
from shops.register.roles import KEEPER

PAGE = 100
REFRESH_SECONDS = 5
ABSENT_MOST = 200_000  # shops of one list


@require_http_methods(["GET", "HEAD", "POST"])
def files(request: HttpRequest) -> HttpResponse:
    """The sheets so far, and the form that loads another."""
    demand_any(request)
    error = ""
    if request.method == "POST":
        given = request.FILES.get("file")
        try:
            if given is None:
                raise NotReadable("no_file")
            file = services.load(content=given.read(MOST_BYTES + 1), name=given.name or "", loaded_by=request.user)
            return redirect("admin:register_file", file.public_id)
        except NotReadable as no:
            error = no.sentence
        except Refused as refusal:
            error = str(refusal.sentence)
    rows = RegisterFile.objects.select_related("loaded_by").order_by("-pk")[:50]
    columns = [(code, names[0], code in NEEDED, code in NEEDED_OF_NEW) for code, names in COLUMNS.items()]
    return page(request, "admin/shops/files.html", _("Sheets of the register"), error, rows=rows, columns=columns)


def _file_or_404(request: HttpRequest, public_id: str) -> RegisterFile:
    demand_any(request)
    row = RegisterFile.objects.select_related("loaded_by", "released_by").filter(public_id=public_id).first()
    if row is None:
        raise Http404
    return row


@require_http_methods(["GET", "HEAD", "POST"])
@asks_again(acts=steps("release", "go_on"))
def file(request: HttpRequest, public_id: str) -> HttpResponse:
    """What the dry run found; the second person releases it or puts it aside, and then sees how far it has come."""
    row = _file_or_404(request, public_id)
    error = ""
    if request.method == "POST":
        try:
            _act(request, row)
            return redirect("admin:register_file", row.public_id)
        except Refused as refusal:
            error = str(refusal.sentence)
            row.refresh_from_db()
    after = request.GET.get("after", "")
    told = row.rows.filter(outcome__in=(Outcome.WRONG, Outcome.LEFT)).order_by("line")
    if after.isascii() and after.isdigit():
        told = told.filter(line__gt=int(after[:9]))
    found = list(told[: PAGE + 1])
    good = row.to_add + row.to_change + row.unchanged
    taken = row.added + row.changed + row.confirmed + row.left_out
    user: Any = request.user
    open_still = row.released_at is None and row.refused_at is None
    is_mine, keeps = row.loaded_by_id == user.pk, in_group(request, KEEPER)
    is_running = row.done_at is None and row.refused_at is None and row.stopped_at is None and (row.checked_at is None or not open_still)
    answer = page(
        request,
        "admin/shops/file.html",
        _("Sheets of the register"),
        error,
        row=row,
        good=good,
        taken=taken,
        share=100 * taken // good if good else 0,
        read_share=100 * row.read // row.lines if row.lines else 0,
        told=[(line, [(_column(column), LINE[code]) for column, code in line.problems]) for line in found[:PAGE]],
        older=found[PAGE - 1].line if len(found) > PAGE else None,
        may_release=open_still and keeps and row.checked_at is not None and not is_mine and good,
        may_refuse=open_still and (keeps or is_mine),
        may_stop=row.released_at is not None and row.done_at is None and row.stopped_at is None,
        may_go_on=row.stopped_at is not None and row.done_at is None and keeps,
        is_mine=is_mine,
        is_running=is_running,
        seconds=REFRESH_SECONDS,
    )
    if is_running and not error:
        answer["Refresh"] = str(REFRESH_SECONDS)  # by the browser itself, without a script
    return answer


def _act(request: HttpRequest, row: RegisterFile) -> None:
    step = request.POST.get("step", "")
    if step == "release":
        services.release(file=row, released_by=request.user)
    elif step == "refuse":
        services.refuse(file=row, refused_by=request.user)
    elif step == "stop":
        services.stop(file=row, stopped_by=request.user)
    elif step == "go_on":
        services.go_on(file=row, by=request.user)
    else:
        raise Refused("unknown_step", _("The page came back incomplete. Load it again."))


def _column(code: str) -> str:
    return COLUMNS[code][0] if code in COLUMNS else "—"


@require_safe
def problems(request: HttpRequest, public_id: str) -> HttpResponse:
    """Every error of a sheet, and every line that was left out, as a sheet in both languages."""
    row = _file_or_404(request, public_id)
    told = row.rows.filter(outcome__in=(Outcome.WRONG, Outcome.LEFT)).order_by("line").iterator()
    found = ((line.line, column, LINE[code]) for line in told for column, code in line.problems)
    return problem_sheet(f"register-{row.public_id}.csv", found)


@require_safe
def absent(request: HttpRequest, public_id: str) -> HttpResponse:
    """The open shops of the register that the sheet does not name, as a sheet."""
    row = _file_or_404(request, public_id)
    names = ("commercial_license_no", "name_ar", "name_en", "area__name_ar", "paci_number")
    shops = services.absent(row).values_list(*names)[:ABSENT_MOST]
    head = [COLUMNS[name.removesuffix("__name_ar")][0] for name in names]
    response = HttpResponse(as_csv(head, shops.iterator(), separator=";"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="absent-{row.public_id}.csv"'
    return response
