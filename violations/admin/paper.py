"""Files of paper fines: loaded by a clerk of the branch, shown with every error by line and column, released by a second person."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from municipality.kernel.errors import Refused
from municipality.ui.admin_base import in_group
from municipality.ui.sheets import problem_sheet
from violations.admin.office import page
from violations.models import PaperFile
from violations.paper.problems import LINE, NotReadable
from violations.paper.reading import COLUMNS, MOST_BYTES, NEEDED
from violations.services import paper

READERS = ("violation_clerk", "violation_authority")
PAGE = 100


def _files(request: HttpRequest) -> QuerySet[PaperFile]:
    """The files that this member of staff may see. Raises PermissionDenied."""
    if not any(in_group(request, role) for role in READERS):
        raise PermissionDenied
    rows = PaperFile.objects.select_related("loaded_by", "released_by", "refused_by", "branch").order_by("-pk")
    user: Any = request.user
    if not in_group(request, "violation_authority"):
        return rows.filter(branch=user.branch_id)
    if not user.branch_id:
        return rows
    waits = Q(checked_at__isnull=False, released_at__isnull=True, refused_at__isnull=True)
    return rows.filter(waits | Q(branch=user.branch_id) | Q(released_by=user) | Q(refused_by=user))


@require_http_methods(["GET", "HEAD", "POST"])
def files(request: HttpRequest) -> HttpResponse:
    """The files so far, and the form that loads another."""
    rows = _files(request)
    error = ""
    if request.method == "POST":
        given = request.FILES.get("file")
        try:
            if given is None:
                raise NotReadable("no_file")
            file = paper.load(content=given.read(MOST_BYTES + 1), name=given.name or "", loaded_by=request.user)
            return redirect("admin:office_paper_file", file.public_id)
        except NotReadable as no:
            error = no.sentence
        except Refused as refusal:
            error = str(refusal.sentence)
    columns = [(code, names[0], code in NEEDED) for code, names in COLUMNS.items()]
    return page(
        request,
        "admin/violations/paper.html",
        _("Fines on paper"),
        error,
        rows=rows[:50],
        may_load=in_group(request, paper.ASKS),
        columns=columns,
    )


def _file_or_404(request: HttpRequest, public_id: str) -> PaperFile:
    row = _files(request).filter(public_id=public_id).first()
    if row is None:
        raise Http404
    return row


@require_http_methods(["GET", "HEAD", "POST"])
def file(request: HttpRequest, public_id: str) -> HttpResponse:
    """What the dry run found; the second person releases it or puts it aside, and then sees how far it has come."""
    row = _file_or_404(request, public_id)
    error = ""
    if request.method == "POST":
        try:
            step = request.POST.get("step", "")
            if step == "release":
                paper.release(file=row, released_by=request.user)
            elif step == "refuse":
                paper.refuse(file=row, refused_by=request.user)
            else:
                raise Refused("unknown_step", _("The page came back incomplete. Load it again."))
            return redirect("admin:office_paper_file", row.public_id)
        except Refused as refusal:
            error = str(refusal.sentence)
            row.refresh_from_db()
    after = request.GET.get("after", "")
    wrong = row.rows.filter(is_good=False).order_by("line")
    if after.isascii() and after.isdigit():
        wrong = wrong.filter(line__gt=int(after[:9]))
    found = list(wrong[: PAGE + 1])
    user: Any = request.user
    open_still = row.released_at is None and row.refused_at is None
    counts = paper.tally(row)
    allows = in_group(request, paper.ALLOWS)
    return page(
        request,
        "admin/violations/paper_file.html",
        _("Fines on paper"),
        error,
        row=row,
        counts=counts,
        done=row.lines and 100 * row.read // row.lines,
        came=counts["new"] and 100 * row.taken // counts["new"],
        wrong=[(line, [(_column(column), LINE[code]) for column, code in line.problems]) for line in found[:PAGE]],
        older=found[PAGE - 1].line if len(found) > PAGE else None,
        may_release=open_still and allows and row.checked_at is not None and row.loaded_by_id != user.pk and counts["new"],
        may_refuse=open_still and (allows or row.loaded_by_id == user.pk),
        is_mine=row.loaded_by_id == user.pk,
    )


def _column(code: str) -> str:
    return COLUMNS[code][0] if code in COLUMNS else "—"


@require_safe
def problems(request: HttpRequest, public_id: str) -> HttpResponse:
    """Every error of a file as a sheet, in both languages, so that it can be worked through beside the paper."""
    row = _file_or_404(request, public_id)
    wrong = row.rows.filter(is_good=False).order_by("line").iterator()
    found = ((line.line, column, LINE[code]) for line in wrong for column, code in line.problems)
    return problem_sheet(f"paper-{row.public_id}.csv", found)
