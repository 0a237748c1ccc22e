"""The pages of an import, shown by each kind at its own addresses: the list with its form, a file from dry run to end, its problems."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.imports import services
from municipality.imports.models import ImportFile, Outcome
from municipality.imports.registry import KINDS, Kind
from municipality.imports.sheets import NotReadable, problem_sheet
from municipality.kernel.errors import Refused
from municipality.ui.admin_base import in_group

PAGE = 100
REFRESH_SECONDS = 5
_COUNTS = {"add": ("to_add", "added"), "change": ("to_change", "changed"), "same": ("unchanged", "confirmed"), "wrong": ("refused", "")}


def _files(request: AuthenticatedHttpRequest, kind: Kind) -> QuerySet[ImportFile]:
    """The files that this member of staff may see. Raises PermissionDenied."""
    if not (in_group(request, kind.uploader) or in_group(request, kind.releaser)):
        raise PermissionDenied
    rows = ImportFile.objects.filter(kind=kind.name).select_related("loaded_by", "released_by").order_by("-pk")
    return kind.visible(request, rows)


def file_or_404(request: AuthenticatedHttpRequest, kind: str, public_id: str) -> ImportFile:
    """A file that this member of staff may see. Raises PermissionDenied, Http404."""
    row = _files(request, KINDS[kind]).filter(public_id=public_id).first()
    if row is None:
        raise Http404
    return row


def _page(request: AuthenticatedHttpRequest, template: str, kind: Kind, error: str, **context: Any) -> TemplateResponse:
    site: Any = admin.site
    whole = {**site.page_context(request), "title": kind.pages.title, "kind": kind, "error": error, **context}
    whole["files_url"], whole["file_url"], whole["problems_url"] = (f"admin:{name}" for name in kind.pages.urls)
    return TemplateResponse(request, template, whole, status=409 if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def files(request: AuthenticatedHttpRequest, kind: str) -> HttpResponse:
    """The files so far, and the form that loads another."""
    of = KINDS[kind]
    rows = _files(request, of)
    error = ""
    if request.method == "POST":
        given = request.FILES.get("file")
        try:
            if given is None:
                raise NotReadable("no_file")
            content = given.read(of.reader.most_bytes + 1)
            file = services.load(kind, content=content, name=given.name or "", loaded_by=request.user)
            return redirect(f"admin:{of.pages.urls[1]}", file.public_id)
        except NotReadable as no:
            error = no.sentence
        except Refused as refusal:
            error = str(refusal.sentence)
    notes = {**dict.fromkeys(of.reader.needed, _("needed")), **of.pages.notes}
    columns = [(code, names[0], notes.get(code, "")) for code, names in of.reader.columns.items()]
    return _page(request, "admin/imports/files.html", of, error, rows=rows[:50], columns=columns, may_load=in_group(request, of.uploader))


@require_http_methods(["GET", "HEAD", "POST"])
def file(request: AuthenticatedHttpRequest, kind: str, public_id: str) -> HttpResponse:
    """What the dry run found; the second person releases it or puts it aside, and then sees how far it has come."""
    row, of = file_or_404(request, kind, public_id), KINDS[kind]
    error = ""
    if request.method == "POST":
        try:
            _act(request, row)
            return redirect(f"admin:{of.pages.urls[1]}", row.public_id)
        except Refused as refusal:
            error = str(refusal.sentence)
            row.refresh_from_db()
    after = request.GET.get("after", "")
    told = _told(row)
    if after.isascii() and after.isdigit():
        told = told.filter(line__gt=int(after[:9]))
    found = list(told[: PAGE + 1])
    good = services.good(row)
    taken = row.added + row.changed + row.confirmed + row.left_out
    user = request.user
    open_still = row.released_at is None and row.refused_at is None
    is_mine, keeps = row.loaded_by_id == user.pk, in_group(request, of.releaser)
    is_running = row.done_at is None and row.refused_at is None and row.stopped_at is None and (row.checked_at is None or not open_still)
    answer = _page(
        request,
        of.pages.template,
        of,
        error,
        row=row,
        counts=_counts(row, of),
        good=good,
        taken=taken,
        share=100 * taken // good if good else 0,
        read_share=100 * row.read // row.lines if row.lines else 0,
        told=[(line, [(_column(of, column), of.problems[code]) for column, code in line.problems]) for line in found[:PAGE]],
        older=found[PAGE - 1].line if len(found) > PAGE else None,
        may_release=open_still and keeps and row.checked_at is not None and not is_mine and good,
        may_refuse=open_still and (keeps or is_mine),
        may_stop=of.stops and row.released_at is not None and row.done_at is None and row.stopped_at is None,
        may_go_on=row.stopped_at is not None and row.done_at is None and keeps,
        is_mine=is_mine,
        is_running=is_running,
    )
    if is_running and not error:
        answer["Refresh"] = str(REFRESH_SECONDS)  # by the browser itself, without a script
    return answer


def _told(row: ImportFile) -> QuerySet[Any]:
    return services.rows(row).filter(outcome__in=(Outcome.WRONG, Outcome.LEFT)).order_by("line")


def _counts(row: ImportFile, kind: Kind) -> list[tuple[Any, Any, Any]]:
    """What each outcome is called, how often the dry run found it, and how many of its lines were taken in."""
    found = []
    for code, label in kind.pages.labels.items():
        if code == Outcome.LEFT and row.released_at is None:
            continue
        shown, done = _COUNTS.get(code, ("", "left_out"))
        found.append((label, getattr(row, shown) if shown else "—", getattr(row, done) if code in (*kind.applies, Outcome.LEFT) else "—"))
    return found


def _act(request: AuthenticatedHttpRequest, row: ImportFile) -> None:
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


def _column(kind: Kind, code: str) -> str:
    return kind.reader.columns[code][0] if code in kind.reader.columns else "—"


@require_safe
def problems(request: AuthenticatedHttpRequest, kind: str, public_id: str) -> HttpResponse:
    """Every problem of a file, and every line that was left out, as a sheet in both languages."""
    row, of = file_or_404(request, kind, public_id), KINDS[kind]
    found = ((line.line, column, of.problems[code]) for line in _told(row).iterator() for column, code in line.problems)
    return problem_sheet(f"{kind}-{row.public_id}.csv", found)
