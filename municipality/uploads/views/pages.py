"""Pages of slots and files, which work without JavaScript."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from municipality.accounts.access import access
from municipality.accounts.next_paths import requested
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel.errors import Refused
from municipality.ui import language
from municipality.uploads import fields, links, queries, refusals, registry, services
from municipality.uploads.models import Upload
from municipality.uploads.multipart import is_too_large
from municipality.uploads.states import UploadState


@access("any")
@require_http_methods(["GET", "HEAD", "POST"])
def slot(request: AuthenticatedHttpRequest, subject: str, slot: str) -> HttpResponse:
    """The files of a slot, with the form that sends more; redirects to `next` after that."""
    if not registry.may_read(request.user, subject, slot) or registry.slot_of(subject, slot) is None:
        raise Http404
    if request.method == "POST" and not language.is_switch(request):
        _receive_files(request, subject, slot)
        return redirect(requested(request) or reverse("uploads:slot", args=[subject, slot]))
    field = fields.field_of(request, subject, slot, next_path=requested(request))
    return render(request, "uploads/slot.html", {"field": field, "back": requested(request)})


@access("any")
@require_safe
def listing(request: AuthenticatedHttpRequest, subject: str, slot: str) -> HttpResponse:
    """The list of the files of a slot, as a fragment for the script."""
    if not registry.may_read(request.user, subject, slot) or registry.slot_of(subject, slot) is None:
        raise Http404
    field = fields.field_of(request, subject, slot, next_path=requested(request))
    return render(request, "components/upload_list.html", {"field": field})


def _receive_files(request: AuthenticatedHttpRequest, subject: str, slot: str, *, replaces: Upload | None = None) -> bool:
    """Receive the files of a form; a refusal becomes a message. Returns whether any was received. Raises FileRefused("locked")."""
    if not registry.may_write(request.user, subject, slot):
        raise refusals.locked()
    if is_too_large(request):
        messages.error(request, str(refusals.sentence("too_large")))
        return False
    sent = [*request.FILES.getlist(f"files-{slot}"), *request.FILES.getlist(f"photo-{slot}")]
    if not sent:
        messages.error(request, _("No file was chosen. Please choose a file and press the button again."))
        return False
    count = 0
    for content in sent[:1] if replaces else sent:
        try:
            services.receive(owner=request.user, subject=subject, slot=slot, name=content.name or "", content=content, replaces=replaces)
            count += 1
        except Refused as refusal:
            if refusal.code == "no_room":
                raise
            messages.error(request, str(refusal.sentence))
            if refusal.code in ("slot_full", "day_is_full"):
                break
    return count > 0


def _upload_or_404(request: AuthenticatedHttpRequest, public_id: str) -> Upload:
    upload = queries.readable(request.user, public_id)
    if upload is None or upload.state == UploadState.REMOVED:
        raise Http404
    return upload


def _redirect_to_file(request: AuthenticatedHttpRequest, public_id: str, **purpose: Any) -> HttpResponse:
    upload = _upload_or_404(request, public_id)
    if upload.state != UploadState.READY:
        raise Http404
    return redirect(links.link(upload, request.user, request.session, **purpose))


@access("any")
@require_safe
def save(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Redirect to a link that downloads the file. Raises Http404 for another's or one that is not ready."""
    return _redirect_to_file(request, public_id, purpose="file")


@access("any")
@require_safe
def look(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """All pages of a file as pictures. Raises Http404 for another's or one that is not ready."""
    upload = _upload_or_404(request, public_id)
    if upload.state != UploadState.READY:
        raise Http404
    numbers = range(1, upload.pages + 1)
    pages = [links.link(upload, request.user, request.session, purpose="page", page=number) for number in numbers]
    return render(request, "uploads/look.html", {"upload": upload, "pages": pages, "back": _back(request, upload)})


@access("any")
@require_POST
def remove(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Remove a file and redirect to `next` or the page of its slot. Raises FileRefused where files cannot be changed now."""
    upload = _upload_or_404(request, public_id)
    services.remove(upload, user=request.user)
    return redirect(_back(request, upload))


@access("any")
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Send a file that replaces this one when it is accepted."""
    upload = _upload_or_404(request, public_id)
    if not services.may_remove(upload, user=request.user):
        raise refusals.locked()
    if request.method == "POST" and not language.is_switch(request):
        is_received = _receive_files(request, upload.subject, upload.slot, replaces=upload)
        return redirect(_back(request, upload) if is_received else request.get_full_path())
    field = fields.field_of(request, upload.subject, upload.slot, next_path=requested(request))
    return render(request, "uploads/replace.html", {"upload": upload, "field": field, "back": _back(request, upload)})


def _back(request: AuthenticatedHttpRequest, upload: Upload) -> str:
    return requested(request) or reverse("uploads:slot", args=[upload.subject, upload.slot])


# Their buttons may be inside a bigger form, whose data is saved for the page that they redirect to (`drafts.middleware`).
for view in (slot, remove):
    view.is_embedded_button = True  # type: ignore[attr-defined]
