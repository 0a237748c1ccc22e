"""Every part of the face on one page, with invented data, and the error pages. For eyes and tests; no production address leads here.

Run: python manage.py runserver --settings=tests.municipality.ui.settings 8123, then /ar/gallery/ and /en/gallery/.
"""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

from django import forms
from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.views.generic import FormView

from municipality.kernel.errors import Refused
from municipality.ui import errors
from municipality.ui.forms import CivilIdField, DigitsField, PhoneField, ReferenceField
from municipality.ui.language import LanguageSwitchMixin, read_form

ICONS = re.findall(
    r'id="i-(\w+)"',
    (settings.BASE_DIR / "static" / "img" / "icons.svg").read_text(encoding="utf8"),
)
SENT: list[dict[str, Any]] = []


def say(ar: str, en: str) -> str:
    return ar if get_language() == "ar" else en


class ProbeForm(forms.Form):
    """One of each field."""

    civil_id = CivilIdField()
    phone = PhoneField()
    reference = ReferenceField(required=False)
    last_four = DigitsField(label="4", length=4)
    changed = forms.ChoiceField(widget=forms.RadioSelect)
    agreed = forms.BooleanField()
    note = forms.CharField(widget=forms.Textarea, required=False)
    token = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["civil_id"].help_text = say(
            "تُقبل الأرقام العربية واللاتينية",
            "Arabic and Latin digits are both accepted",
        )
        self.fields["last_four"].label = say("آخر 4 أرقام من الرقم المدني", "Last 4 digits of the civil number")
        changed: Any = self.fields["changed"]
        changed.label = say("هل تغيّر شيء منذ آخر ترخيص؟", "Has anything changed since the last licence?")
        changed.choices = [
            ("no", say("لا، كل شيء كما هو مسجّل", "No, everything is as registered")),
            ("yes", say("نعم، تغيّر شيء", "Yes, something changed")),
        ]
        changed.error_messages["required"] = say("يُرجى اختيار أحد الجوابين.", "Choose one of the two answers.")
        self.fields["agreed"].label = say(
            "أقرّ بأن المحل كما هو مسجّل أعلاه وأن اشتراطاته مستوفاة.",
            "I declare that the shop is as registered above and keeps its conditions.",
        )
        self.fields["agreed"].error_messages["required"] = say("يلزم الإقرار قبل المتابعة.", "The declaration is needed to go on.")
        self.fields["note"].label = say("ملاحظة", "Note")


@login_not_required
def probe(request: HttpRequest) -> HttpResponse:
    form, submitted = read_form(request, ProbeForm)
    if submitted and form.is_valid():
        SENT.append(form.cleaned_data)
        return redirect(request.path)
    return render(request, "probe.html", {"form": form})


class ProbeView(LanguageSwitchMixin, FormView):
    form_class = ProbeForm
    template_name = "probe.html"

    def form_valid(self, form: ProbeForm) -> HttpResponse:
        SENT.append(form.cleaned_data)
        return redirect(self.request.path)


def _at(hour: int, minute: int, day: int = 22) -> dt.datetime:
    return dt.datetime(2026, 11, day, hour - 3, minute, tzinfo=dt.UTC)


def parts() -> dict[str, Any]:
    """Data of the gallery, in the active language."""
    line = {
        "label_ar": "تجديد ترخيص صحي",
        "label_en": "Health licence renewal",
        "formula_ar": "محل واحد × سنة واحدة",
        "formula_en": "one shop × one year",
        "article_ar": "لائحة الرسوم، مادة 4، بند 2",
        "article_en": "Fees regulation, article 4, item 2",
        "fils": 10_000,
    }
    late = {
        **line,
        "label_ar": "رسم تأخير",
        "label_en": "Late fee",
        "formula_ar": "التجديد في موعده",
        "formula_en": "renewed in time",
        "fils": 0,
    }

    def card(icon: str, ar: str, en: str, url: str = "#", **more: Any) -> dict[str, Any]:
        entry = SimpleNamespace(
            icon=icon,
            name=say(ar, en),
            summary=say(
                "إصدار وتجديد وتعديل للمحلات غير الغذائية.",
                "New, renewed and amended licences of non-food shops.",
            ),
            needs=say(
                "الترخيص التجاري، ولا ملفات إن لم يتغيّر شيء",
                "A commercial licence; no files if nothing changed",
            ),
        )
        return {"entry": entry, "url": url, **more}

    reality = {"half": 360, "ninety": 2 * 1440, "late": 4}
    return {
        "icons": ICONS,
        "crumbs": [
            (say("الخدمات", "Services"), "/"),
            (say("محلاتي", "My shops"), "#"),
            (say("تجديد الترخيص الصحي", "Health licence renewal"), ""),
        ],
        "shop": {
            "name_ar": "صالون نسمة بحر",
            "name_en": "",
            "area_ar": "السالمية",
            "area_en": "Salmiya",
        },
        "today": dt.date(2026, 11, 24),
        "instant": _at(8, 30, 24),
        "cards": [
            card(
                "health",
                "الترخيص الصحي",
                "Health licence",
                fees=[line],
                promise_days=3,
                figure=reality,
            ),
            card(
                "sign",
                "ترخيص الإعلان",
                "Advertisement licence",
                promise_days=5,
                figure={"half": 1500, "ninety": 11000, "late": 31},
            ),
            card("zoning", "الرأي التنظيمي", "Zoning opinion", promise_days=5),
            card("eye", "عين الكويت: إرسال بلاغ", "Eye of Kuwait: report", url=""),
        ],
        "obstacles": [
            {
                "title": say("شهادة صحية لعاملة انتهت", "A worker's health certificate has expired"),
                "text": say("أمامك طريقان:", "There are two ways out:"),
                "ways": [
                    {"label": say("إرفاق الشهادة المجددة", "Attach the renewed certificate"), "url": "#"},
                    {"label": say("العاملة لم تعد في المحل", "She no longer works here"), "url": "#"},
                ],
            }
        ],
        "lines": [line, late],
        "total": 10_000,
        "facts": [
            {
                "label": say("النشاط", "Activity"),
                "value": say("صالون نسائي", "Women's salon"),
                "note": "",
            },
            {
                "label": say("العنوان", "Address"),
                "value": say(
                    "السالمية، قطعة 4، شارع 12، مبنى 30",
                    "Salmiya, block 4, street 12, building 30",
                ),
                "note": say(
                    "المصدر: الهيئة العامة للمعلومات المدنية",
                    "source: Public Authority for Civil Information",
                ),
            },
        ],
        "steps": [
            {
                "kind": "done",
                "title": say("قُدّم الطلب", "Submitted"),
                "who": say("صاحب الطلب", "The applicant"),
                "at": _at(9, 14),
            },
            {
                "kind": "done",
                "title": say("دُفع الرسم", "Paid"),
                "who": say("البوابة آلياً", "The portal, automatically"),
                "at": _at(9, 16),
            },
            {
                "kind": "now",
                "title": say("قيد الدراسة", "Under review"),
                "who": say("فرع حولي", "Hawalli branch"),
                "at": _at(11, 40),
                "due": dt.date(2026, 11, 26),
                "note": say("بقي من الوعد يومان.", "Two days of the promise are left."),
            },
            {
                "kind": "next",
                "title": say("إصدار الترخيص", "Licence issued"),
                "who": say("البوابة آلياً", "The portal, automatically"),
            },
        ],
        "headings": [
            say("المحل", "Shop"),
            say("أقرب موعد", "Nearest deadline"),
            say("الترخيص الصحي", "Health licence"),
        ],
        "rows": [
            {
                "head": say("صالون نسمة بحر", "Nasmat Bahr Salon"),
                "note": say("السالمية، قطعة 4", "Salmiya, block 4"),
                "cells": [say("خلال 6 أيام", "in 6 days"), say("سارٍ", "Valid")],
                "url": "#",
                "action": say("تجديد", "Renew"),
                "name": say("صالون نسمة بحر", "Nasmat Bahr Salon"),
            },
            {
                "head": say("مصبغة ساحل مثالي", "Sahel Mithali Laundry"),
                "note": say("الفروانية، قطعة 2", "Farwaniya, block 2"),
                "cells": [
                    say("خلال 26 يوماً", "in 26 days"),
                    say("سارٍ حتى 18 أبريل 2027", "Valid until 18 April 2027"),
                ],
                "url": "#",
                "action": say("فتح", "Open"),
                "name": say("مصبغة ساحل مثالي", "Sahel Mithali Laundry"),
            },
        ],
        "words": {
            "ok": say("سارٍ", "Valid"),
            "warn": say("ينتهي قريباً", "Ends soon"),
            "bad": say("منتهٍ", "Expired"),
            "wait": say("قيد الدراسة", "Under review"),
            "title": say("الحالات والعناصر", "Parts and states"),
            "bank": say("نتحقق مع البنك", "We are checking with the bank"),
            "again": say("يُرجى عدم الدفع مرة أخرى.", "Please do not pay again."),
            "arrived": say("وصل طلبك", "Your request has arrived"),
            "held": say("الترخيص موقوف", "The licence is suspended"),
            "why": say(
                "السبب وطريق الاعتراض في صفحة الطلب.",
                "The reason and the way to object are on the page of the request.",
            ),
            "next": say(
                "تجديد الترخيص الصحي لصالون نسمة بحر",
                "Renew the health licence of Nasmat Bahr Salon",
            ),
            "nexttext": say(
                "تبدأ المدة الجديدة في اليوم التالي، فلا يضيع يوم.",
                "The new period starts the day after, so that no day is lost.",
            ),
            "start": say("بدء التجديد", "Start renewal"),
            "empty": say("لا مواعيد قريبة", "No deadline is near"),
            "emptytext": say(
                "يظهر هنا أول موعد قبل 60 يوماً من حلوله.",
                "The first deadline appears here 60 days ahead.",
            ),
            "progress": say("إعداد الملف: 28 من 40 صفحة", "Preparing your file: page 28 of 40"),
            "leave": say(
                "يمكن مغادرة الصفحة، وتصل رسالة عند الانتهاء.",
                "You can leave this page; a message arrives when it is done.",
            ),
            "other": say("خيار آخر", "Another way"),
            "cancel": say("إلغاء", "Cancel"),
            "withdraw": say("سحب الطلب", "Withdraw the request"),
            "off": say("غير متاح", "Not available"),
        },
    }


@login_not_required
def gallery(request: HttpRequest) -> HttpResponse:
    return render(request, "gallery.html", parts())


@login_not_required
def tags(request: HttpRequest) -> HttpResponse:
    from tests.municipality.ui.tag_words import tag_words  # needs the apps of the whole portal, which the gallery alone does not load

    return render(request, "tags.html", {**parts(), "tag_words": tag_words()})


# Latitude, longitude, for how many it stands, state, name; two close together, one far away, one that is nowhere on the map.
PLACES = (
    ("29.33300", "48.02800", 1, "warn", "حولي"),
    ("29.33310", "48.02810", 3, "warn", "Hawalli <2>"),
    ("28.63900", "47.93000", 1, "bad", "الوفرة"),
    ("", "", 1, "ok", "المباركية"),
)


@login_not_required
def map_page(request: HttpRequest) -> HttpResponse:
    return render(request, "map.html", {**parts(), "places": PLACES})


@login_not_required
def refuse(request: HttpRequest) -> HttpResponse:
    raise Refused(
        "too_early",
        say(
            "يُفتح التجديد قبل النهاية بستين يوماً.",
            "Renewal opens 60 days before the end.",
        ),
    )


@login_not_required
def forbid(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


@login_not_required
def miss(request: HttpRequest) -> HttpResponse:
    raise Http404


@login_not_required
def break_down(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a bug")


class LockNotAvailable(Exception):
    """What psycopg2 raises when `lock_timeout` is over; a deadlock has the code 40P01."""

    pgcode = "55P03"


@login_not_required
def wait_for_lock(request: HttpRequest) -> HttpResponse:
    raise OperationalError("canceling statement due to lock timeout") from LockNotAvailable()


@login_not_required
def slow_down(request: HttpRequest) -> HttpResponse:
    return errors.too_many_requests(request, 150)


@login_not_required
def outside(request: HttpRequest) -> HttpResponse:
    return render(request, "outside.html")


urlpatterns = [
    path("outside/", outside),
    path("api/v1/refuse", refuse),
    path("api/v1/break", break_down),
    path("api/v1/slow", slow_down),
    path("api/v1/busy", wait_for_lock),
    path("api/v1/forbid", forbid),
    *(path(f"admin/{name}/", view) for name, view in (("refuse", refuse), ("forbid", forbid), ("missing", miss), ("break", break_down))),
    path("admin/", admin.site.urls),
    *i18n_patterns(
        path("", gallery, name="home"),
        path("gallery/", gallery, name="gallery"),
        path("tags/", tags, name="tags"),
        path("map/", map_page, name="map"),
        path("probe/", probe, name="probe"),
        path("probe-view/", login_not_required(ProbeView.as_view()), name="probe_view"),
        path("refuse/", refuse),
        path("forbid/", forbid),
        path("break/", break_down),
        path("slow/", slow_down),
        path("busy/", wait_for_lock),
        path("track/", gallery, name="track"),
    ),
]
handler400 = "municipality.ui.errors.bad_request"
handler403 = "municipality.ui.errors.permission_denied"
handler404 = "municipality.ui.errors.not_found"
handler500 = "municipality.ui.errors.server_error"
