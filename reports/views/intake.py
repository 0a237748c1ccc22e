"""The pages of the form: fill in, check, send, and what was received; similar reports, and "me too"."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.html import strip_tags
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from licensing.signage.labels import size_of
from municipality.accounts import known_devices
from municipality.accounts.access import public
from municipality.accounts.limits import address_of, allow_read, take_attempt
from municipality.cases import feedback
from municipality.drafts import unsaved
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.places import queries as places
from municipality.rulebook.models import ReportSeverity
from municipality.rulebook.report_categories import ReportCategory, ReportRules
from municipality.ui.dates import moment_html
from municipality.ui.errors import too_many_requests
from municipality.ui.language import is_switch, without_errors
from reports import promises, queries
from reports.answers import answers_of
from reports.intake import services
from reports.intake import similar as nearby
from reports.intake.forms import BOARD_ID, NOBODY, PERSON, PHONE, PositionField, ReportForm, at_board, at_shop
from reports.intake.places import locate
from reports.models import PhotoKind, Report
from reports.photos import services as photos
from reports.reporters import phones
from reports.reporters import services as reporters
from reports.reporters.services import Sender
from reports.states import REPORT
from reports.views.mine import SESSION_KEY, keep_secret
from reports.views.photos import HOUR, PHOTOS

OPENED = "report"  # in the session: key of the report that is being written, and when its page was opened
SENT = "report_sent"  # in the session: the page of the last report that was sent, for whoever goes back
EMERGENCY_PHONE = "112"
READS, SECONDS = 120, 60  # fragments for one visitor
ME_TOOS = 60
QUESTION = _("How easy was it to report this?")


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The form, and after it the page on which the report is checked and sent. `shop`, `board` and `category` fill it in."""
    rules = queries.rules()
    response = _submitted(request, rules) if request.method == "POST" else _opened(request, rules)
    known_devices.remember(request, response)
    return response


def _opened(request: HttpRequest, rules: ReportRules) -> HttpResponse:
    """The form of the report that this browser is writing, also in another tab; with `check` the page on which it is checked."""
    typed = unsaved.read(request)
    named = {name: request.GET.get(name, "")[:BOARD_ID] for name in ("shop", "board", "category")}
    given = typed.dict() if typed is not None else {}
    is_elsewhere = any(named[name] and named[name] != given.get(name, "") for name in ("shop", "board"))
    if "new" in request.GET or (typed is not None and is_elsewhere):
        unsaved.delete(request)
        request.session.pop(OPENED, None)
        typed, given = None, {}
    if typed is None and "check" in request.GET and SENT in request.session:
        return redirect(request.session[SENT])
    if typed is not None and "check" in request.GET:
        form = ReportForm(typed, rules=rules)
        if form.is_valid() and (form.cleaned_data["who"] != PERSON or _person(request) is not None):
            return _check(request, form)
    key, opened = request.session.setdefault(OPENED, [str(uuid4()), clock.now().isoformat()])
    if named["board"] and not named["category"]:
        named["category"] = "board"
    who = PERSON if _person(request) is not None else NOBODY
    named = {name: value for name, value in named.items() if value}
    return _page(request, ReportForm(initial={"who": who, **given, **named, "key": key, "opened": opened}, rules=rules))


def _submitted(request: HttpRequest, rules: ReportRules) -> HttpResponse:
    form = ReportForm(request.POST, rules=rules)
    is_other = False
    if is_switch(request) or "change" in request.POST:
        if "checked" in request.POST and is_switch(request) and form.is_valid():
            return _check(request, form)
        without_errors(form)
        return _page(request, form)
    try:
        if form.chosen is not None:
            promises.severity_of(form.chosen, form.answers)
    except Refused:  # an emergency: nothing is kept
        photos.drop_all(_key(request))
        unsaved.delete(request)
        return render(request, "reports/emergency.html", {"form": form, "phone": EMERGENCY_PHONE})
    if Report.objects.filter(key=form["key"].value() or "").exists():
        sent_before = _sent_before(request, ReportForm(request.POST, rules=rules))
        if sent_before is not None:
            return _done(request, sent_before)
        is_other, form = True, _with_new_key(request, rules)
    for upload_id in request.POST.getlist("remove")[:20]:
        photos.drop_held(_key(request), upload_id[:26])
    refused_files = _hold(request)
    if not form.is_valid() or refused_files:
        for sentence in refused_files:
            form.add_error("photos", sentence)
        return _page(request, form, status=400)
    who = form.cleaned_data["who"]
    if who == PERSON and _person(request) is None:
        _keep(request, form)
        return redirect(f"{reverse('accounts:sign_in')}?{urlencode({'next': reverse('reports:new') + '?check=1'})}")
    try:
        is_proved = who != PHONE or _is_phone_proved(request, form)
    except Refused as refusal:
        return _check(request, form, refusal)
    if is_other:
        _keep(request, form)
        return _check(request, form, _sent_meanwhile())
    if "send" in request.POST:
        return _send(request, form) if is_proved else _check(request, form)
    # By a redirect, so that the page can be reloaded and gone back to.
    return redirect(f"{request.path}?check=1") if _keep(request, form) else _check(request, form)


def _keep(request: HttpRequest, form: ReportForm) -> bool:
    """Keep what was typed in the session, encrypted. False for more than it takes."""
    request.session[OPENED] = [form.cleaned_data["key"], form.cleaned_data["opened"]]
    return unsaved.save(request, None)


def _sent_before(request: HttpRequest, form: ReportForm) -> services.Received | None:
    """This report, if the browser has sent it already: pressed twice, or gone back."""
    return services.received_before(form.sent(), _sender(request, person=True)) if form.is_valid() else None


def _with_new_key(request: HttpRequest, rules: ReportRules) -> ReportForm:
    """The form of a report in another tab, or of one that was changed after it was sent: what was typed, as a report of its own."""
    typed = request.POST.copy()
    typed.pop("code", None)
    typed["key"], typed["opened"] = str(uuid4()), clock.now().isoformat()
    request.POST = typed  # type: ignore[assignment]
    return ReportForm(typed, rules=rules)


def _sent_meanwhile() -> Refused:
    return Refused(
        "sent_meanwhile", _("Another report was sent on this device meanwhile. Choose the photos of this one again, and send it.")
    )


def _key(request: HttpRequest) -> str:
    """The key of the report in a request, empty if it is none."""
    try:
        return str(UUID(request.POST.get("key", "")))
    except ValueError:
        return ""


def _hold(request: HttpRequest) -> list[Any]:
    """Keep the photos of a request under the key of its report; drop those that turned out to be none. Returns why some are not kept."""
    files, key = [*request.FILES.getlist("camera"), *request.FILES.getlist("photos")], _key(request)
    if not key:
        return []
    if not files and int(request.META.get("CONTENT_LENGTH") or 0) > settings.UPLOADS_MAX_REQUEST:
        return [_("The photos are too large together. Send them one by one; each press of the button keeps what was sent.")]
    problems: list[Any] = []
    for file in files:
        if not take_attempt(request, "report_photos", limit=PHOTOS, seconds=HOUR):
            return [*problems, _("Many photos were sent from this network within an hour. Send the report without more, or wait an hour.")]
        try:
            photos.hold(key, file)
        except Refused as refusal:
            problems.append(refusal.sentence)
    return problems + photos.drop_refused(key)


def _is_phone_proved(request: HttpRequest, form: ReportForm) -> bool:
    """Have a code sent to the number, or check the typed one. Raises Refused: no_cookie, codes, wrong_code, code_over."""
    key, phone = form.cleaned_data["key"], form.cleaned_data["phone"]
    if phones.is_confirmed(key, phone):
        return True
    if request.POST.get("code"):
        phones.confirm(key=key, phone=phone, typed=request.POST["code"])
        return True
    if known_devices.read(request) is None:
        raise Refused("no_cookie", _("This browser keeps no cookies. Allow them to get a code, or send the report without a number."))
    phones.send(key=key, phone=phone, client=address_of(request), language=get_language() or "ar")
    return False


def _send(request: HttpRequest, form: ReportForm) -> HttpResponse:
    data = form.cleaned_data
    sender = _sender(request, person=data["who"] == PERSON, phone=data["phone"] if data["who"] == PHONE else "")
    try:
        received = services.receive(form.sent(), sender)
    except Refused as refusal:
        return _check(request, form, refusal)
    return _done(request, received)


def _done(request: HttpRequest, received: services.Received) -> HttpResponse:
    """To the page of what was received; the next report gets another key."""
    request.session.pop(OPENED, None)
    unsaved.delete(request)
    query = urlencode({"s": received.secret})
    request.session[SENT] = f"{reverse('reports:sent', args=[received.report.public_id])}?{query}"
    return redirect(request.session[SENT])


def _page(request: HttpRequest, form: ReportForm, status: int = 200) -> HttpResponse:
    shop, board = at_shop(str(form["shop"].value() or "")), at_board(str(form["board"].value() or ""))
    context = {
        "form": form,
        "shop": shop or (board.request.shop if board is not None else None),
        "board": board,
        "board_size": size_of(board) if board is not None else "",
        "photos": photos.held(str(form["key"].value() or "")),
        "promises": _promises(form.rules),
        "areas": {area.pk: [area.latitude, area.longitude] for area in places.areas() if area.latitude is not None},
        "phone": EMERGENCY_PHONE,
        "most_photos": queries.limits()["photos"],
        "is_signed_in": _person(request) is not None,
        "person_mark": person_mark(request),
    }
    return render(request, "reports/new.html", context, status=status)


def _check(request: HttpRequest, form: ReportForm, refusal: Refused | None = None) -> HttpResponse:
    """The page on which everything is read once more, with the promise and the similar reports nearby."""
    data = form.cleaned_data
    chosen, place = form.chosen, data["place"]
    if chosen is None:
        raise Http404
    severity = promises.severity_of(chosen, form.answers)
    has_position = place.latitude is not None and place.longitude is not None
    context = {
        "form": form,
        "category": chosen,
        "answers": [(question, form[f"{chosen.code}-{question.code}"]) for question in chosen.questions if question.code in form.answers],
        "due": promises.due_at(chosen, severity, clock.now(), queries.limits()),
        "place": place,
        "photos": photos.held(data["key"]),
        "similar": nearby.similar(chosen.code, place.latitude, place.longitude) if has_position else [],
        "refusal": refusal,
        "ban": refusal.facts.get("ban", "") if refusal is not None else "",
        "needs_code": data["who"] == PHONE and not phones.is_confirmed(data["key"], data["phone"]),
        "person": _person(request) if data["who"] == PERSON else None,
        "person_mark": person_mark(request),
    }
    response = render(request, "reports/check.html", context, status=refusal.status if refusal is not None else 200)
    if refusal is not None and "retry_after" in refusal.facts:
        response["Retry-After"] = str(refusal.facts["retry_after"])
    return response


def _promises(rules: ReportRules) -> dict[str, dict[str, str]]:
    """What is promised for each category, by each severity that it can have, as text for a script."""
    now, limits = clock.now(), queries.limits()

    def said(one: ReportCategory, severity: str) -> str:
        if severity == ReportSeverity.EMERGENCY:
            return ""
        return strip_tags(moment_html(promises.due_at(one, severity, now, limits)))

    found = {}
    for code, one in rules.categories.items():
        severities = {one.severity, *(question.raises_to for question in one.questions if question.raises_to)}
        found[code] = {"base": one.severity} | {severity: said(one, severity) for severity in severities}
    return found


@public
@never_cache
@require_safe
def near(request: HttpRequest) -> HttpResponse:
    """For a script: area and block of a position, and with a category the similar reports around it."""
    if not allow_read(request, "reports_near", limit=READS, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    try:
        position = PositionField(required=False).clean(request.GET.get("position", ""))
    except Exception as error:
        sentences = getattr(error, "messages", None)
        if sentences is None:
            raise
        return render(request, "reports/_near.html", {"problem": sentences[0]}, status=400)
    context: dict[str, Any] = {"is_fragment": True}
    category = request.GET.get("category", "")
    if position is not None and category in queries.rules().categories:
        context["similar"] = nearby.similar(category, *position)
    elif position is not None:
        context["area"], context["street_block"] = locate(*position)
    return render(request, "reports/_near.html", context)


@public
@never_cache
@require_POST
def me_too(request: HttpRequest, public_id: str) -> HttpResponse:
    """Count somebody who saw the same instead of receiving another report."""
    if not take_attempt(request, "me_too", limit=ME_TOOS, seconds=HOUR):
        return too_many_requests(request, HOUR)
    report = get_object_or_404(queries.public_reports(), public_id=public_id)
    if report.merged_into_id is not None:  # joined since the page was read: it goes on there
        report = get_object_or_404(queries.public_reports(), pk=queries.end_of(report).pk)
    if not report.is_open:
        raise Refused("report_closed", _("This report is closed. If the problem is still there, send a new report."))
    is_counted = nearby.me_too(report, _sender(request, person=True))
    report.refresh_from_db()
    return render(request, "reports/me_too.html", {"report": report, "is_counted": is_counted})


@public
@never_cache
@require_safe
def sent(request: HttpRequest, public_id: str) -> HttpResponse:
    """What was received: number, promise and links; for whoever has the secret of the report, which leaves the address."""
    report, secret = _by_secret(request, public_id)
    if "s" in request.GET:
        keep_secret(request, report, secret)
        return redirect("reports:sent", public_id=public_id)
    # In full and as text: opening it takes the secret out of the address, and whoever gave no name has nothing else to come back with.
    own_link = request.build_absolute_uri(f"{reverse('reports:mine', args=[public_id])}?{urlencode({'s': secret})}")
    address = reverse("reports:feedback", args=[public_id])
    asked = feedback.section(subject=report.subject_key, person=None, question=QUESTION, url=address)
    context = {"report": report, "answers": answers_of(report), "own_link": own_link, "category": report.category_facts, "feedback": asked}
    return render(request, "reports/sent.html", context)


def _by_secret(request: HttpRequest, public_id: str) -> tuple[Report, str]:
    """A report with its secret, from the address or this session. Raises Http404 without the right one."""
    secret = request.GET.get("s", request.session.get(SESSION_KEY, {}).get(public_id, ""))
    report = get_object_or_404(
        Report.objects.select_related("area").annotate(photo_count=Count("photos", filter=~Q(photos__kind=PhotoKind.AFTER))),
        public_id=public_id,
    )
    if not secret or not reporters.opens(report, secret=secret):
        raise Http404
    return report, secret


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def give_feedback(request: HttpRequest, public_id: str) -> HttpResponse:
    """How easy it was to report; kept without the person, as only the part about reporters knows who reported what."""
    report, _secret = _by_secret(request, public_id)
    page, title = reverse("reports:sent", args=[public_id]), _("The report has arrived")
    return feedback.take_answer(request, subject=report.subject_key, service=REPORT, person=None, question=QUESTION, title=title, page=page)


def _person(request: HttpRequest) -> Any:
    """The person who is signed in; employees report without their name."""
    user = request.user
    return user if user.is_authenticated and not user.is_staff else None


def _sender(request: HttpRequest, *, person: bool = False, phone: str = "") -> Sender:
    device = known_devices.read(request)
    return Sender(_person(request) if person else None, phone, device.id if device is not None else "", address_of(request))


def person_mark(request: HttpRequest) -> str:
    """A keyed hash of who is signed in, by which a phone keeps reports of different persons apart; empty for nobody."""
    person = _person(request)
    return salted_hmac("reports.person", str(person.pk), algorithm="sha256").hexdigest()[:32] if person is not None else ""
