"""A service that stands on fieldwork for the tests of the device: one page with a form, and the address that it sends its entries to.

Under `/checked/` the same with entries that have to be confirmed.

It answers by `fieldwork.device` and keeps visits by their key in memory: what the database does is tried in `test_services.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django import forms
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.test import override_settings
from django.urls import path

from municipality.fieldwork import device
from municipality.fieldwork.forms import VisitForm
from municipality.fieldwork.services import ConfirmationNeeded, SentVisit
from municipality.kernel.errors import Refused
from municipality.uploads.refusals import too_large

# What a browser looks at: the entries in the list, the key in the form, and the rows of the device's own store.
KEPT = "[data-field-entries] li"
KEY = "#form [name=client_key]"
STORED = """() => new Promise((done) => {
  const asked = indexedDB.open("tests", 1);
  asked.onsuccess = () => {
    const rows = asked.result.transaction("entries").objectStore("entries").getAll();
    rows.onsuccess = () => { asked.result.close(); done(rows.result.map((row) => ({ ...row, fields: Object.fromEntries(row.fields) }))); };
  };
})"""

PAGE = """<!doctype html><html lang="en"><title>Field</title><body>{queue}{check}
<form method="post" id="form" novalidate>{hidden}
<p data-field-row><input name="note" id="note"></p><p><input type="file" name="photos" id="photos"></p>
<p data-field-place hidden><button type="button" data-field-locate>place</button><span data-field-located></span></p>
<button type="submit" id="send">send</button></form>
<script type="module">
import {{ Check, Panel, Queue, Store, VisitForm, start }} from "/static/js/fieldwork.js";
const form = document.getElementById("form");
const queue = new Queue(new Store("tests", "entries"), "{sync_url}", {{ check: "{check_url}", person: "{person}" }});
const dialog = document.querySelector("[data-field-check]");
const panel = new Panel(document.querySelector("[data-field-queue]"), queue, dialog && new Check(dialog));
new VisitForm(form, queue, panel, {{ title: () => form.elements.note.value }});
await start(queue, panel, "");
document.body.dataset.ready = "1";
</script>"""


class NoteForm(VisitForm):
    note = forms.CharField(max_length=20)
    confirmed = forms.CharField(required=False)


class Portal:
    """How the next entries are answered ("refused", "sign in", "down", "too large", with a "tick", or well), and the visits by key."""

    mode = ""
    price = 1  # of each note; what is confirmed
    taken = 0  # photos that the device said it holds, at the last check
    photos: list[tuple[str, str]] = []  # address and name of each that arrived
    visits: dict[str, tuple[SentVisit, str]] = {}
    person = ""  # key of who is signed in


def page(request: HttpRequest) -> HttpResponse:
    return _page(check="", check_url="", sync_url="/sync/")


def checked_page(request: HttpRequest) -> HttpResponse:
    dialog = render_to_string("fieldwork/check.html", {"heading": "check", "issue": "issue"})
    return _page(check=dialog, check_url="/checked/check/", sync_url="/checked/sync/")


def _page(**parts: str) -> HttpResponse:
    hidden = "".join(str(field) for field in NoteForm() if field.is_hidden)
    return HttpResponse(PAGE.format(queue=render_to_string("fieldwork/queue.html"), hidden=hidden, person=Portal.person, **parts))


def done(request: HttpRequest, key: str) -> HttpResponse:
    return HttpResponse(f"<p id=done>{key}</p>")


def sync(request: HttpRequest) -> HttpResponse:
    if Portal.mode == "sign in":
        return HttpResponseRedirect("/sign-in/")
    if Portal.mode == "down":
        return HttpResponse(status=502)
    if Portal.mode == "too large for the door":
        return HttpResponse("<h1>413</h1>", status=413)
    return device.respond(NoteForm(request.POST), take)


def check(request: HttpRequest) -> HttpResponse:
    _count_photos(request)
    Portal.taken = len(request.POST.getlist("photos_taken"))
    return device.respond_check(NoteForm(request.POST), _look)


def _look(form: NoteForm) -> device.VisitCheck:
    if Portal.mode == "stopped":
        return device.VisitCheck("<p id=told>not here</p>", refusal=Refused("not_here", "Not here."))
    tick = "<input type=checkbox id=tick required>" if Portal.mode == "tick" else ""
    return device.VisitCheck(
        f"<p id=told>{form.cleaned_data['note']} for {Portal.price}</p>{tick}", f"{form.cleaned_data['note']}:{Portal.price}"
    )


def sync_checked(request: HttpRequest) -> HttpResponse:
    _count_photos(request)
    return device.respond(NoteForm(request.POST), _take_confirmed)


def _take_confirmed(form: NoteForm) -> device.ReceivedVisit:
    if form.sent().key not in Portal.visits and form.cleaned_data["confirmed"] != f"{form.cleaned_data['note']}:{Portal.price}":
        raise ConfirmationNeeded("Please confirm it.")
    return take(form)


def _count_photos(request: HttpRequest) -> None:
    Portal.photos += [(request.path, photo.name or "") for photo in request.FILES.getlist("photos")]


def take(form: NoteForm) -> device.ReceivedVisit:
    if Portal.mode == "refused":
        raise Refused("seen_already", "It was seen already.")
    if Portal.mode == "too large":
        raise too_large()
    sent = form.sent()
    is_new = sent.key not in Portal.visits
    Portal.visits.setdefault(sent.key, (sent, form.cleaned_data["note"]))
    return device.ReceivedVisit(sent.key, f"/done/{sent.key}/", is_new)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def running() -> Iterator[str]:
    """Serve the addresses below and the static files on a free port. Gives its beginning of an address."""
    Portal.mode, Portal.visits, Portal.price, Portal.photos, Portal.taken, Portal.person = "", {}, 1, [], 0, ""
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[], ALLOWED_HOSTS=["127.0.0.1"]):
        server = make_server("127.0.0.1", 0, StaticFilesHandler(WSGIHandler()), _Server, _Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


CHECKED = [path("checked/", checked_page), path("checked/check/", check), path("checked/sync/", sync_checked)]
urlpatterns = [path("", page), path("sync/", sync), path("done/<str:key>/", done), *CHECKED]
