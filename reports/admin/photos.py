"""Photos whose public copy waits for an employee: faces and number plates have to be hidden before everybody sees it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts import purposes
from municipality.accounts.models import actor_of
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.services import log_access
from municipality.documents import store
from municipality.kernel import request_cache
from municipality.kernel.errors import Refused
from municipality.ui import staff_menu
from municipality.ui.admin_base import MAX_COUNT, require_role, staff_page
from municipality.ui.code_labels import label_codes
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.templatetags.portal import with_refs
from municipality.ui.texts import Text
from municipality.uploads.pictures import response_of
from reports.models import BlurState, ReportPhoto
from reports.photos import moderation, queries
from reports.reporters.services import INTAKE

MOST_SHOWN = 12
SAID: dict[str, Text] = {
    BlurState.AGREED: gettext_lazy("%(kind)s (%(number)s): everybody sees it now."),
    BlurState.STAFF: gettext_lazy("%(kind)s (%(number)s): its inspectors see it, and nobody else."),
    BlurState.PRIVATE: gettext_lazy("%(kind)s (%(number)s): nobody sees it, not even the inspectors."),
}
PURPOSES = ("purpose.photo", "purpose.misuse", "purpose.complaint", "purpose.court")


@require_safe
def waiting(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The copies that wait, those of open reports first, at reading size; and what was decided lately."""
    require_role(request, INTAKE)
    context: dict[str, Any] = {"photos": queries.most_urgent()[:MOST_SHOWN], "judged": queries.judged()[:MOST_SHOWN]}
    return staff_page(request, "admin/reports/photos.html", title=_("Photos to decide on"), **context)


@require_http_methods(["POST"])
def judge(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Show a copy to everybody, to inspectors alone, or to nobody; also after it was decided otherwise."""
    require_role(request, INTAKE)
    photo, blur = _photo(public_id), request.POST.get("blur", "")
    try:
        moderation.judge(photo, user=request.user, blur=blur, is_change="change" in request.POST)
    except Refused as refusal:
        messages.error(request, str(refusal.sentence))
    else:
        said = SAID[blur]
        way = _("Change the decision")
        url = reverse("admin:report_photo", args=[photo.public_id])
        about = with_refs(said % {"kind": photo.get_kind_display(), "number": photo.report.number})
        messages.success(request, format_html('{} <a href="{}">{}</a>', about, url, way))
    return redirect("admin:report_photos")


@require_safe
def compare(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Original and copy side by side, with a purpose that the access log keeps."""
    require_role(request, INTAKE)
    photo = _photo(public_id)
    purpose = purposes.chosen(request, photo.report.subject_key)
    if not purpose:
        photos = reverse("admin:report_photos")
        return purposes.ask(request, photo.report.subject_key, fitting=PURPOSES, about=photo.report.number, leave=photos)
    return staff_page(request, "admin/reports/photo.html", title=_("Photo of a report"), photo=photo)


@require_safe
def picture(request: AuthenticatedHttpRequest, public_id: str, side: str) -> HttpResponse:
    """The picture of one side. The original is that without metadata; each time it is opened stands in the access log."""
    require_role(request, INTAKE)
    photo = _photo(public_id)
    file = photo.copy
    if side == "original":
        purpose, subject = purposes.chosen(request, photo.report.subject_key), photo.report.subject_key
        file = photo.upload.file if purpose else None
        if file is not None:
            # The key of the report, not of a person: who reported is known to the reporters' package only.
            log_access(viewer=actor_of(request.user), person_key=subject, subject=subject, purpose=purpose)
    if file is None:
        raise Http404
    return response_of(store.read(file), file.media_type)


def _photo(public_id: str) -> ReportPhoto:
    rows = ReportPhoto.objects.select_related("report__area", "copy", "upload__file", "reused__report__area")
    return get_object_or_404(rows, public_id=public_id)


def _count(request: HttpRequest) -> int:
    return request_cache.get_or_set(("report_photos",), lambda: queries.unsure()[:MAX_COUNT].count())


admin.site.add_pages(  # type: ignore[attr-defined]
    [
        path("reports/photos/", waiting, name="report_photos"),
        path("reports/photos/<slug:public_id>/", compare, name="report_photo"),
        path("reports/photos/<slug:public_id>/judge/", judge, name="report_photo_judge"),
        path("reports/photos/<slug:public_id>/<slug:side>.jpg", picture, name="report_photo_picture"),
    ]
)
staff_menu.register(
    "reports",
    StaffEntry(
        "work",
        gettext_lazy("Photos to decide on"),
        "admin:report_photos",
        (INTAKE,),
        count=_count,
        tile=gettext_lazy("photos to decide on"),
    ),
)
label_codes(
    {
        "report.photo_added": gettext_lazy("Photo of a report received"),
        "report.photo_judged": gettext_lazy("Photo of a report looked at by an employee"),
        "reports.public_copy": gettext_lazy("Make the public copy of a photo"),
        "reports.drop_held": gettext_lazy("Remove photos of reports that were never sent"),
    }
)
