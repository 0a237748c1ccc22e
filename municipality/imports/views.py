"""The pages of an import, which each kind shows at its own addresses: the files, a file, its problems."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.imports import services
from municipality.imports.models import ImportFile, LineOutcome
from municipality.imports.registry import IMPORT_KINDS, ImportKind
from municipality.imports.sheets import NotReadable, problem_sheet
from municipality.kernel.errors import Refused
from municipality.ui.admin_base import in_group, staff_page
from municipality.uploads.multipart import takes_file_of

PAGE = 100
REFRESH_SECONDS = 5
_COUNTS = {"add": ("to_add", "added"), "change": ("to_change", "changed"), "same": ("unchanged", "confirmed"), "wrong": ("refused", "")}


def _files(request: AuthenticatedHttpRequest, kind: ImportKind) -> QuerySet[ImportFile]:
    """The files that this member of staff may see. Raises PermissionDenied."""
    if not (in_group(request, kind.uploader) or in_group(request, kind.releaser)):
        raise PermissionDenied
    rows = ImportFile.objects.filter(kind=kind.name).select_related("loaded_by", "released_by").order_by("-pk")
    return kind.visible(request, rows)


def file_or_404(request: AuthenticatedHttpRequest, kind: str, public_id: str) -> ImportFile:
    """A file that this member of staff may see. Raises PermissionDenied, Http404."""
    row = _files(request, IMPORT_KINDS[kind]).filter(public_id=public_id).first()
    if row is None:
        raise Http404
    return row


def _page(request: AuthenticatedHttpRequest, template: str, kind: ImportKind, error: str, **context: Any) -> TemplateResponse:
    urls = zip(("files_url", "file_url", "problems_url"), (f"admin:{name}" for name in kind.pages.urls), strict=True)
    page_context = {"title": kind.pages.title, "kind": kind, "error": error, **dict(urls), **context}
    return staff_page(request, template, 409 if error else 200, **page_context)


def _max_bytes(kind: str) -> int:
    return IMPORT_KINDS[kind].reader.max_bytes


@takes_file_of(_max_bytes)
@require_http_methods(["GET", "HEAD", "POST"])
def files(request: AuthenticatedHttpRequest, kind: str) -> HttpResponse:
    """The list of files, with the form that loads one."""
    spec = IMPORT_KINDS[kind]
    rows = _files(request, spec)
    error = ""
    if request.method == "POST":
        upload = request.FILES.get("file")
        try:
            if upload is None:
                raise NotReadable("no_file")
            content = upload.read(spec.reader.max_bytes + 1)
            file = services.load(kind, content=content, name=upload.name or "", loaded_by=request.user)
            return redirect(f"admin:{spec.pages.urls[1]}", file.public_id)
        except NotReadable as unreadable:
            error = unreadable.sentence
        except Refused as refusal:
            error = str(refusal.sentence)
    notes = {**dict.fromkeys(spec.reader.needed, _("needed")), **spec.pages.notes}
    columns = [(code, names[0], notes.get(code, "")) for code, names in spec.reader.columns.items()]
    return _page(
        request, "admin/imports/files.html", spec, error, rows=rows[:50], columns=columns, may_load=in_group(request, spec.uploader)
    )


@require_http_methods(["GET", "HEAD", "POST"])
def file(request: AuthenticatedHttpRequest, kind: str, public_id: str) -> HttpResponse:
    """A file: the result of its dry run, buttons to release or refuse it, and the progress."""
    row, spec = file_or_404(request, kind, public_id), IMPORT_KINDS[kind]
    error = ""
    if request.method == "POST":
        try:
            _run_step(request, row)
            return redirect(f"admin:{spec.pages.urls[1]}", row.public_id)
        except Refused as refusal:
            error = str(refusal.sentence)
            row.refresh_from_db()
    page_lines, older = _page_of(request, "after", _problem_lines(row))
    good_lines, further = _page_of(request, "good_after", _good_lines(row, spec))
    applicable = services.count_applicable(row)
    applied = row.added + row.changed + row.confirmed + row.left_out
    user = request.user
    is_undecided = row.released_at is None and row.refused_at is None
    is_mine, is_releaser = row.loaded_by_id == user.pk, in_group(request, spec.releaser)
    is_running = row.done_at is None and row.refused_at is None and row.stopped_at is None and (row.checked_at is None or not is_undecided)
    response = _page(
        request,
        spec.pages.template,
        spec,
        error,
        row=row,
        counts=_counts(row, spec),
        good=applicable,
        taken=applied,
        share=100 * applied // applicable if applicable else 0,
        read_share=100 * row.read // row.lines if row.lines else 0,
        line_errors=[(line, [(_column(spec, column), spec.problems[code]) for column, code in line.problems]) for line in page_lines],
        older=older,
        good_lines=[
            (line, list(zip(spec.pages.line_heads, cells, strict=True)))
            for line, cells in zip(good_lines, spec.lines(good_lines), strict=True)
        ],
        further=further,
        may_release=is_undecided and is_releaser and row.checked_at is not None and not is_mine and applicable,
        may_refuse=is_undecided and (is_releaser or is_mine),
        may_stop=spec.stops and row.released_at is not None and row.done_at is None and row.stopped_at is None,
        may_go_on=row.stopped_at is not None and row.done_at is None and is_releaser,
        is_mine=is_mine,
        is_running=is_running,
    )
    if is_running and not error:
        response["Refresh"] = str(REFRESH_SECONDS)  # by the browser itself, without a script
    return response


def _problem_lines(row: ImportFile) -> QuerySet[Any]:
    return services.rows(row).filter(outcome__in=(LineOutcome.WRONG, LineOutcome.LEFT)).order_by("line")


def _good_lines(row: ImportFile, kind: ImportKind) -> QuerySet[Any]:
    """The lines that the release covers, or covered; none before the dry run is over, or where the kind shows none."""
    if row.checked_at is None or not kind.pages.line_heads:
        return services.rows(row).none()
    return services.rows(row).filter(outcome__in=kind.applies).order_by("line")


def _page_of(request: AuthenticatedHttpRequest, name: str, rows: QuerySet[Any]) -> tuple[list[Any], int | None]:
    """The lines after the one that the address names, and the last of them where more follow."""
    after = request.GET.get(name, "")
    if after.isascii() and after.isdigit():
        rows = rows.filter(line__gt=int(after[:9]))
    found = list(rows[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].line if len(found) > PAGE else None


def _counts(row: ImportFile, kind: ImportKind) -> list[tuple[Any, Any, Any]]:
    """Label, count in the dry run and count of applied lines of each outcome."""
    counts = []
    for code, label in kind.pages.labels.items():
        if code == LineOutcome.LEFT and row.released_at is None:
            continue
        found, applied = _COUNTS.get(code, ("", "left_out"))
        dry_run = getattr(row, found) if found else "—"
        counts.append((label, dry_run, getattr(row, applied) if code in (*kind.applies, LineOutcome.LEFT) else "—"))
    return counts


def _run_step(request: AuthenticatedHttpRequest, row: ImportFile) -> None:
    step = request.POST.get("step", "")
    if step == "release":
        services.release(file=row, released_by=request.user)
    elif step == "refuse":
        services.refuse(file=row, refused_by=request.user)
    elif step == "stop":
        services.stop(file=row, stopped_by=request.user)
    elif step == "go_on":
        services.resume(file=row, by=request.user)
    else:
        raise Refused("unknown_step", _("The page was sent incomplete. Reload it and try again."))


def _column(kind: ImportKind, code: str) -> str:
    return kind.reader.columns[code][0] if code in kind.reader.columns else "—"


@require_safe
def problems(request: AuthenticatedHttpRequest, kind: str, public_id: str) -> HttpResponse:
    """Download the problems of a file as a CSV file in both languages."""
    row, spec = file_or_404(request, kind, public_id), IMPORT_KINDS[kind]
    lines = ((line.line, column, spec.problems[code]) for line in _problem_lines(row).iterator() for column, code in line.problems)
    return problem_sheet(f"{kind}-{row.public_id}.csv", lines)
