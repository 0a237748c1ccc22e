"""Download of a person's documents."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.documents import queries, store


@access("person")
@require_safe
def download(request: AuthenticatedHttpRequest, number: str) -> HttpResponse:
    """The file of a document of the person. Raises Http404 for another's."""
    user = request.user
    document = queries.visible_to(user).filter(number=number, file__isnull=False).select_related("file").first()
    if document is None or document.file is None:
        raise Http404
    response = HttpResponse(store.read(document.file), content_type=document.file.media_type)
    response["Content-Disposition"] = f'attachment; filename="{document.number}.pdf"'
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
