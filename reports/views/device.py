"""The web app: what a phone keeps without a line, sends later, and gets from its gallery (static/js/report_app.js).

The contract of the addresses is that of `municipality.fieldwork.device`. Photos are sent before their report, each by itself
(`reports:photo_held`), so that a line that breaks costs one photo at most; the key of the report holds them together. Nothing that is sent
twice is stored twice.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts import known_devices
from municipality.accounts.access import public
from municipality.accounts.limits import address_of
from municipality.fieldwork import device
from municipality.fieldwork.device import ReceivedVisit
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.ui.plurals import counted
from reports import queries
from reports.intake import services
from reports.intake.forms import PERSON, PHONE, ReportForm
from reports.intake.services import SentReport
from reports.models import ReportChannel
from reports.photos import services as photos
from reports.reporters import phones
from reports.reporters.services import Sender
from reports.views.intake import OPENED, person_mark


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest) -> HttpResponse:
    """Receive a report that a phone has kept: the fields of the form. GET gives the token that every POST needs."""
    if request.method != "POST":
        response = JsonResponse({"token": get_token(request)})
        known_devices.remember(request, response)
        return response
    return device.respond(ReportForm(request.POST, rules=queries.rules()), lambda form: _receive(request, form))


def _receive(request: HttpRequest, form: ReportForm) -> ReceivedVisit:
    data, user = form.cleaned_data, request.user
    browser, named = known_devices.read(request), user if user.is_authenticated and not user.is_staff else None
    sent = dataclasses.replace(form.sent(), channel=ReportChannel.APP)
    phone = data["phone"] if data["who"] == PHONE else ""
    sender = Sender(named, phone, browser.id if browser else "", address_of(request))
    # A number that is only typed proves nothing, and the code of one that was confirmed is deleted with the receipt.
    received = services.received_before(sent, dataclasses.replace(sender, phone=""))
    if received is None:
        _check_person(request, form)
        received = _receive_new(sent, sender, data["who"])
    photos.attach_held(received.report)  # those of a report that was received before them
    if request.session.get(OPENED, [""])[0] == sent.key:
        del request.session[OPENED]  # the next report of this browser gets another key
    url = f"{reverse('reports:sent', args=[received.report.public_id])}?{urlencode({'s': received.secret})}"
    return ReceivedVisit(received.report.number, url, received.is_new)


def _receive_new(sent: SentReport, sender: Sender, who: str) -> services.Received:
    days = queries.limits()["late_sync_days"]
    if sent.captured_at < clock.now() - dt.timedelta(days=days):
        sentence = _("This report is older than %(days)s. If the problem is still there, make a new report.") % {
            "days": counted(days, "day")
        }
        raise Refused("too_late", sentence)
    if sender.phone and not phones.is_confirmed(sent.key, sender.phone):
        raise Refused("phone_unconfirmed", _("The phone number has to be confirmed. Open the report here, and check and send it."))
    try:
        return services.receive(sent, sender if who == PERSON else dataclasses.replace(sender, person=None))
    except Refused as refusal:
        if refusal.code == "emergency":  # nothing is kept here; the phone still has the photos
            photos.drop_all(sent.key)
        raise


def _check_person(request: HttpRequest, form: ReportForm) -> None:
    """A report with a name is sent for whoever kept it. Raises NotPermitted("sign_in") for anybody else, or nobody, who is signed in."""
    mark = person_mark(request)  # empty where nobody is signed in
    if form.cleaned_data["who"] == PERSON and not (mark and constant_time_compare(request.POST.get("person", ""), mark)):
        sentence = _("This report was kept for another person. Sign in as that person, or open it here and send it.")
        raise NotPermitted("sign_in", sentence)


@public
@csrf_exempt  # nothing is stored
@require_http_methods(["GET", "HEAD", "POST"])
def share(request: HttpRequest) -> HttpResponse:
    """Photos shared from the gallery: the service worker takes them; here they arrive only where it does not run, and the form opens."""
    return HttpResponse(status=303, headers={"Location": reverse("reports:new")})


@public
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker of the form. Its scope is the folder of its own address."""
    context = {"form_url": reverse("reports:new"), "static_url": settings.STATIC_URL}
    context["large"] = _("A photo was too large and was not received.")
    return HttpResponse(render_to_string("reports/app/worker.js", context, request=request), content_type="text/javascript")


@public
@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """The web app manifest (W3C) of the form, with the share target of the gallery."""
    form = reverse("reports:new")
    facts = {
        "name": _("Eye of Kuwait"),
        "short_name": _("Eye of Kuwait"),
        "lang": get_language(),
        "dir": "rtl" if get_language() == "ar" else "ltr",
        "id": form,
        "start_url": form,
        "scope": form,
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#0b4650",
        "icons": [{"src": static("img/eye.svg"), "type": "image/svg+xml", "sizes": "any", "purpose": "any maskable"}],
        "share_target": {
            "action": reverse("reports:share"),
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {"text": "words", "files": [{"name": "photos", "accept": ["image/jpeg", "image/png", "image/webp"]}]},
        },
    }
    return JsonResponse(facts, content_type="application/manifest+json")
