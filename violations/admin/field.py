"""Field pages of inspectors for a phone: today's list, the violation report, and the offline queue of a device."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from municipality.accounts.models import User
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.services import log_accesses
from municipality.documents import store
from municipality.fieldwork import device
from municipality.fieldwork import queries as fieldwork
from municipality.fieldwork.services import ConfirmationNeeded
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.rulebook import queries as rulebook
from municipality.ui.admin_base import staff_page
from municipality.ui.templatetags.portal import with_refs
from municipality.uploads.models import Upload
from municipality.uploads.pictures import response_of
from municipality.uploads.states import UploadState
from violations import parties, queries, units
from violations.admin import field_annulled, field_begin, field_check, field_shops, office
from violations.field_forms import PHOTOS, ViolationReportForm
from violations.files import SIGNED, open_slots
from violations.models import EvidenceKind, JudicialWarrant, Objection, Violation
from violations.services import conflicts, evidence, objections, violation_reports, writer_annulments
from violations.states import STUDIED, ViolationState

V = ViolationState


def _page(request: HttpRequest, template: str, title: str, *, status: int = 200, **context: Any) -> TemplateResponse:
    return staff_page(request, template, status, title=title, **context)


def _warrant(request: AuthenticatedHttpRequest) -> JudicialWarrant:
    return queries.warrant_of(request.user, clock.today())


def warned_of(warrant: JudicialWarrant) -> QuerySet[Violation]:
    """The warnings of the branch that an inspector looks at again."""
    rows = Violation.objects.filter(branch=warrant.team.branch_id, state=V.WARNED)
    return rows if warrant.team.is_womens else rows.filter(is_womens_premises=False)


def to_defend(warrant: JudicialWarrant) -> QuerySet[Objection]:
    """The objections to reports of an inspector, or to legacy fines of the branch, that can be defended today."""
    return Objection.objects.filter(
        Q(violation__inspector__user=warrant.user_id) | Q(violation__paper__isnull=False, violation__branch=warrant.team.branch_id),
        case__state__in=STUDIED,
        defend_by__gte=clock.today(),
        defence__isnull=True,
    )


@require_safe
def home(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Today's list: places to visit again, corrections to check, violation reports to defend, and those written today."""
    try:
        warrant = _warrant(request)
    except NotPermitted as refusal:
        return field_shops.ended(request, refusal)
    today = clock.today()
    warned = warned_of(warrant).select_related("area", "shop").order_by("correct_until", "pk")
    uploaded = Upload.objects.filter(slot="correction", state=UploadState.READY).values_list("subject", flat=True)
    proofs = {subject.partition(":")[2] for subject in uploaded.filter(subject__in=[row.key for row in warned[:500]])}
    defend = to_defend(warrant).select_related("violation")
    mine = Violation.objects.filter(inspector__user=request.user.pk, received_at__gte=clock.start_of(today)).select_related("area", "shop")
    rows = list(warned[:100])
    return _page(
        request,
        "admin/violations/field.html",
        _("Field"),
        warrant=warrant,
        proofs=[row for row in rows if row.public_id in proofs],
        again=[row for row in rows if row.correct_until is not None and row.correct_until < today],
        defend=defend.order_by("defend_by", "pk")[:50],
        mine=mine.order_by("-pk")[:50],
    )


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Write a violation report by hand, in two steps: the form, and the check that issues it.

    With JavaScript the device asks `check` and sends the same form to `sync`.
    """
    try:
        warrant = _warrant(request)
    except NotPermitted as refusal:
        return field_shops.ended(request, refusal)
    if request.method != "POST":
        initial = field_begin.initial(request, warrant)
        shop = initial.get("shop")
        if shop is not None and field_shops.stop_of(warrant, shop) is not None:
            return redirect("admin:field_shop", shop.public_id)
        return _form_page(request, warrant, ViolationReportForm(warrant=warrant, initial=initial), "")
    form = ViolationReportForm(request.POST, warrant=warrant)
    if "back" in request.POST or not form.is_valid():
        return _form_page(request, warrant, form, "")
    if not form.cleaned_data["confirmed"]:
        return _check_page(request, form, field_check.look(request.user, form))
    if not request.FILES.getlist("photos") and "without_photos" not in request.POST and not form.kept_photos:
        error = _("Nothing was issued yet: there is no photo. Choose one, or confirm that there is none.")
        return _check_page(request, form, field_check.look(request.user, form), error, asks_without=True)
    try:
        row, _new, _refused = _write(request, form)
    except ConfirmationNeeded as refusal:
        return _check_page(request, form, field_check.look(request.user, form), str(refusal.sentence))
    except Refused as refusal:
        # What was confirmed stays: after a full disk the same is sent once more, with its photos.
        return _form_page(request, warrant, form, str(refusal.sentence), status=refusal.status, confirmed=form.cleaned_data["confirmed"])
    _say_issued(request, row)
    return redirect("admin:field_violation", row.public_id)


def _say_issued(request: HttpRequest, row: Violation) -> None:
    messages.success(request, with_refs(_("Issued: number %(reference)s") % {"reference": row.reference}))


def _form_page(
    request: HttpRequest, warrant: JudicialWarrant, form: ViolationReportForm, error: str, *, status: int = 200, confirmed: str = ""
) -> HttpResponse:
    catalogue = rulebook.edition(queries.OFFENCES, clock.today()).offences
    offered = {code: offence.unit for code, offence in catalogue.items()}
    return _page(
        request,
        "admin/violations/new.html",
        _title(form),
        status=status,
        form=form,
        warrant=warrant,
        error=error,
        confirmed=confirmed,
        units=offered,
        unit_words=units.labels(),
        unit_missing=units.missing(),
        photos=PHOTOS,
        sync_url=reverse("admin:field_sync"),
        shop=form.shop,
        offences=form.offence_groups(_usual_offences(warrant.user)),
        is_copy=bool(request.GET.get("again")) and not form.is_bound,
        lacks_offence=not form.initial.get("offence"),
    )


def _usual_offences(inspector: User) -> list[str]:
    """Codes of the four offences that an inspector wrote most often lately, for the top of the list."""
    written = Violation.objects.filter(inspector__user=inspector).order_by("-pk")
    return [offence for offence, _count in Counter(written.values_list("offence", flat=True)[:200]).most_common(4)]


def _title(form: ViolationReportForm) -> str:
    before = form.initial.get("in_place_of")
    return _("Violation report in place of %(reference)s") % {"reference": before} if before else _("New violation report")


def _check_page(
    request: HttpRequest, form: ViolationReportForm, found: field_check.Found, error: str = "", *, asks_without: bool = False
) -> HttpResponse:
    status = found.refusal.status if found.refusal is not None else 200
    return _page(
        request,
        "admin/violations/check.html",
        _("Check before issuing"),
        status=status,
        form=form,
        error=error,
        confirmed=found.confirmed,
        asks_without=asks_without,
        photos=PHOTOS,
        **found.facts,
    )


def _write(request: AuthenticatedHttpRequest, form: ViolationReportForm) -> tuple[Violation, bool, list[Any]]:
    """Save the violation report, then its photos: a refused photo does not undo the report, and is told on the next page."""
    row, new = violation_reports.record_confirmed(
        inspector=request.user, findings=form.findings(), confirmed=form.cleaned_data["confirmed"]
    )
    captured_at = form.cleaned_data["seen_at"]
    refused: list[Any] = []
    if form.cleaned_data["photos_of"] and form.cleaned_data["keep_photos"]:
        try:
            evidence.take_over(violation=row, public_id=form.cleaned_data["photos_of"], inspector=request.user)
        except Refused as refusal:
            refused.append(refusal.sentence)
    for photo, taken_at in device.with_times(request, "photos", captured_at)[:PHOTOS]:
        _new, problems = evidence.take(
            violation=row, sender=request.user, slot="photos", kind=EvidenceKind.OFFENCE, files=[photo], captured_at=taken_at
        )
        refused += problems
    _signed, refused_signature = evidence.take(
        violation=row,
        sender=request.user,
        slot="signature",
        kind=EvidenceKind.SIGNATURE,
        files=request.FILES.getlist("signature")[:1],
        captured_at=captured_at,
    )
    for sentence in (refused := [*refused, *refused_signature]):
        messages.warning(request, str(sentence))
    return row, new, refused


@require_POST
def sync(request: AuthenticatedHttpRequest) -> JsonResponse:
    """Save one violation report from the offline queue (`fieldwork.device`)."""
    try:
        warrant = _warrant(request)
    except NotPermitted as refusal:
        return device.refusal_response(refusal)
    return device.respond(ViolationReportForm(request.POST, warrant=warrant), lambda form: _saved(request, form))


def _saved(request: AuthenticatedHttpRequest, form: ViolationReportForm) -> device.ReceivedVisit:
    row, new, refused = _write(request, form)
    if new:
        _say_issued(request, row)  # on the next page that the device opens
    return device.ReceivedVisit(row.reference, reverse("admin:field_violation", args=[row.public_id]), new, refused)


@require_POST
def check(request: AuthenticatedHttpRequest) -> JsonResponse:
    """What an entry of the offline queue would record, for its inspector to confirm (`fieldwork.device`)."""
    try:
        warrant = _warrant(request)
    except NotPermitted as refusal:
        return device.refusal_response(refusal, html=field_check.device_check(field_check.stopped(refusal)).html)
    form, taken = ViolationReportForm(request.POST, warrant=warrant), field_check.taken_by(request.POST)
    return device.respond_check(form, lambda form: field_check.device_check(field_check.look(request.user, form, taken=taken)))


@require_safe
def worker(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The service worker that keeps the form available offline."""
    _warrant(request)
    return device.service_worker(request, form_url=reverse("admin:field_new"))


def _row_or_404(request: AuthenticatedHttpRequest, public_id: str) -> tuple[Violation, JudicialWarrant]:
    warrant = _warrant(request)
    rows = Violation.objects.select_related("area", "shop", "party", "inspector__user", "notice__file", "writer_annulment__by")
    row = rows.filter(public_id=public_id, branch=warrant.team.branch_id).first()
    if row is None or (row.is_womens_premises and not warrant.team.is_womens):
        raise Http404
    return row, warrant


def _log_access(row: Violation, warrant: JudicialWarrant) -> None:
    seen = [(person.key, row.key) for person in queries.people_of(row)]
    log_accesses(viewer=violation_reports.inspector_actor(warrant), seen=seen, purpose="violation")


def _is_written(row: Violation) -> bool:
    """Whether the notice to print is written."""
    return row.written_notice is not None and row.written_notice.file is not None


@require_http_methods(["GET", "HEAD", "POST"])
def violation(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """One violation for inspectors of its branch, with their steps."""
    row, warrant = _row_or_404(request, public_id)
    if "notice" in request.GET and request.method != "POST":  # the page asks while it waits for its notice
        return JsonResponse({"done": _is_written(row)})
    error = ""
    if request.method == "POST":
        try:
            messages.success(request, _apply_step(request, row))
            if request.POST.get("step") == "annul" and request.POST.get("code") != field_begin.WRITTEN_TWICE:
                return redirect(f"{reverse('admin:field_new')}?again={row.public_id}")
            return redirect("admin:field_violation", row.public_id)
        except Refused as refusal:
            error = str(refusal.sentence)
            row.refresh_from_db()
    objection = getattr(row, "objection", None)
    _log_access(row, warrant)
    has_undecided = row.state == V.WARNED and violation_reports.has_undecided_proof(row)
    replies = rulebook.edition(queries.REPLIES, clock.today())
    return _page(
        request,
        "admin/violations/field_violation.html",
        row.reference,
        status=409 if error else 200,
        row=row,
        rule=row.rule,
        warrant=warrant,
        annulled=field_annulled.annulled(row, replies),
        measured=units.measure(row.rule.unit, row.quantity_hundredths, row.months),
        replaced_by=field_annulled.replaced_by(row),
        replaces=field_annulled.replaces(row),
        place=parties.in_both(parties.place_of(row)),
        error=error,
        order=queries.order_of(row),
        marks=[(EvidenceKind(mark.kind).label, mark) for mark in fieldwork.evidence_of(row.visit_id)],
        to_judge=violation_reports.to_judge(row) if has_undecided else "",  # first: what is ready after it is not taken as seen
        proofs=office.photos(request, row, ["correction"]),
        photos=PHOTOS,
        is_over=row.state == V.WARNED and row.correct_until is not None and row.correct_until < clock.today(),
        has_undecided=has_undecided,
        to_order=violation_reports.ordered(row, clock.today()) if row.state == V.WARNED else None,
        is_warned=row.state == V.WARNED,
        has_notice=_is_written(row) and row.state != V.ANNULLED,
        may_sign=violation_reports.is_writer(row, request.user) and not hasattr(row, "service") and SIGNED in open_slots(row),
        awaits_notice=row.state in writer_annulments.STATES and not row.is_paper,
        reasons=replies.reasons_of("correction_proof"),
        annul_until=writer_annulments.open_until(row, request.user),
        annul_reasons=[(reason, field_begin.taken_over(reason.code)) for reason in replies.reasons_of(writer_annulments.KIND)],
        typed=request.POST,
        **office.objection_context(row),
        may_defend=objection is not None
        and objections.may_defend(row, request.user)
        and objection.case.state in STUDIED
        and clock.today() <= objection.defend_by
        and not hasattr(objection, "defence"),
        events=row.events.order_by("pk"),
    )


@require_safe
def notice(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The warning or notice as a PDF, to be printed and handed over. Raises Http404 until it is written, and once it is annulled."""
    row, warrant = _row_or_404(request, public_id)
    paper = row.written_notice
    if paper is None or paper.file is None or row.state == V.ANNULLED:
        raise Http404
    _log_access(row, warrant)
    return response_of(store.read(paper.file), paper.file.media_type, f"{paper.number}.pdf")


# No colleague can do these; they take nothing away from the Municipality.
OF_THE_WRITER = ("defend", "signed")


def _apply_step(request: AuthenticatedHttpRequest, row: Violation) -> str:
    """Apply the submitted step. Returns the message. Raises Refused."""
    posted = request.POST
    step, code = posted.get("step", ""), posted.get("code", "")
    if step not in OF_THE_WRITER:
        conflicts.refuse_row(request.user, row)  # here, so that no transaction of a step takes the record of the attempt back
    if step == "accept":
        violation_reports.accept_correction(violation=row, inspector=request.user)
        return _("The correction is accepted; nothing is owed.")
    if step == "refuse":
        violation_reports.refuse_correction(violation=row, inspector=request.user, code=code, seen=posted.get("seen", ""))
        return _("The party is told why the proof was not accepted.")
    if step == "report":
        return _write_after_warning(request, row)
    if step == "signed":
        return _record_signature(request, row)
    if step == "defend" and hasattr(row, "objection"):
        objections.defend(objection=row.objection, inspector=request.user, words=posted.get("words", ""))
        return _("The defence is added.")
    if step == "annul":
        told = writer_annulments.annul(violation=row, inspector=request.user, code=code, note_ar=posted.get("words", ""))
        # Of a report that was written twice nothing is written in its place.
        return field_annulled.said(row, told=told, is_copied=code != field_begin.WRITTEN_TWICE)
    raise Refused("unknown_step", _("The page was sent incomplete. Reload it and try again."))


def _write_after_warning(request: AuthenticatedHttpRequest, row: Violation) -> str:
    """The violation report with the photos of what is still there, or neither. Returns the message. Raises Refused."""
    photos, now = request.FILES.getlist("photos")[:PHOTOS], clock.now()
    with transaction.atomic():
        violation_reports.write_report(violation=row, inspector=request.user, seen_at=now)
        _new, refused = evidence.take(
            violation=row, sender=request.user, slot="photos", kind=EvidenceKind.OFFENCE, files=photos, captured_at=now
        )
        if refused:
            raise Refused("photo_refused", refused[0])
    return _("The violation report is written: %(reference)s") % {"reference": row.reference}


def _record_signature(request: AuthenticatedHttpRequest, row: Violation) -> str:
    """The photo of the signed notice and the service that it proves, or neither. Returns the message. Raises Refused."""
    files, now = request.FILES.getlist("signature")[:1], clock.now()
    if not files:
        raise Refused("no_photo", _("Please add a photo of the signed notice."))
    with transaction.atomic():
        _new, refused = evidence.take(
            violation=row, sender=request.user, slot="signature", kind=EvidenceKind.SIGNATURE, files=files, captured_at=now
        )
        if refused:
            raise Refused("photo_refused", refused[0])
        violation_reports.record_signature(violation=row, inspector=request.user, at=now)
    return _("The signature is recorded. The periods of the notice run from today.")
