"""The draft of a renewal with changes, or of a change between renewals: its pages, their states, and the next page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from licensing.health import changes
from licensing.health.names import NAMES
from licensing.health.states import CHANGE, RENEWAL
from municipality.drafts.models import Draft, Unsaved
from municipality.drafts.registry import DraftKind
from municipality.kernel import clock, request_cache, subjects
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import RulebookEdition
from municipality.uploads import queries as uploads
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState
from shops.models import Shop
from shops.register.draft_names import held_shop_names

# Names of its URLs: the list of its pages, a page, and its removal.
URLS = {
    RENEWAL: ("licensing:changes", "licensing:change_page", "licensing:discard"),
    CHANGE: ("licensing:change_licence", "licensing:change_licence_page", "licensing:discard_change"),
}
FOLDERS = {RENEWAL: "changes", CHANGE: "change"}
WHAT, FILES, CHECK, CONTINUE = "what", "files", "check", "continue"
FILES_EDITION = "files.health"


@dataclass(frozen=True)
class DraftPage:
    """One line of the task list. `state` is done, todo, waiting (files being checked) or locked."""

    code: str
    label: Any
    state: str
    text: Any = ""

    @property
    def is_done(self) -> bool:
        return self.state == "done"


def changed_facts(draft: Draft) -> list[str]:
    """The names of the ticked facts, in the order of the pages."""
    ticked = draft.answers.get(WHAT, {}).get("changed", [])
    return [name for name in changes.FACTS if name in ticked]


def files_edition() -> RulebookEdition:
    return rulebook.edition(FILES_EDITION, clock.today())


def required_slots(draft: Draft) -> dict[str, int]:
    """Slot → least number of files for the ticked facts."""
    return changes.required_slots(files_edition(), changed_facts(draft))


def files_of(draft: Draft) -> list[Upload]:
    """The files of a draft; the parts of a page read them once."""
    return request_cache.get_or_set(("licensing.draft_files", draft.pk), lambda: list(uploads.of(draft.key)))


def files_state(draft: Draft) -> str:
    """ "done" if every slot has its files, "waiting" while files are being checked, else "todo"."""
    required = required_slots(draft)
    states: dict[str, list[str]] = {slot: [] for slot in required}
    for row in files_of(draft):
        if row.slot in states:
            states[row.slot].append(row.state)
    if all(states[slot].count(UploadState.READY) >= minimum for slot, minimum in required.items()):
        unfinished = any(state in (UploadState.CHECKING, UploadState.RECEIVING) for values in states.values() for state in values)
        return "waiting" if unfinished else "done"
    present = (UploadState.READY, UploadState.CHECKING)
    if all(sum(state in present for state in states[slot]) >= minimum for slot, minimum in required.items()):
        return "waiting"
    return "todo"


def pages(draft: Draft) -> list[DraftPage]:
    """All pages of the request in order; the last one is locked until the others are done."""
    result = [DraftPage(WHAT, _("What changed"), "done" if WHAT in draft.answers else "todo")]
    for name in changed_facts(draft):
        fact = changes.FACTS[name]
        answers = draft.answers.get(name)
        result.append(DraftPage(name, fact.label, "done" if answers else "todo", fact.display(answers) if answers else ""))
    if required_slots(draft):
        result.append(DraftPage(FILES, _("Files"), files_state(draft)))
    ready = all(page.is_done for page in result)
    return [*result, DraftPage(CHECK, _("Check your answers and send"), "todo" if ready else "locked")]


def next_page(draft: Draft) -> str:
    """The code of the page with unsaved input from an ended session, else of the first page that is not done."""
    path = page_path(draft, "")
    for row in Unsaved.objects.filter(person_id=draft.person_id, page__startswith=path).order_by("-at"):
        code = row.page.removeprefix(path).strip("/")
        if any(page.code == code and page.state != "locked" for page in pages(draft)):
            return code
    return next(page.code for page in pages(draft) if not page.is_done)


def page_path(draft: Draft, code: str) -> str:
    """The path of a page without its language prefix."""
    shop = subjects.parse(draft.subject).id
    folder = f"/health-licence/{shop}/{FOLDERS[draft.service]}/"
    return f"{folder}{code}/" if code else folder


def tasks_url(shop: Shop, service: str) -> str:
    return reverse(URLS[service][0], args=[shop.public_id])


def page_url(shop: Shop, service: str, code: str) -> str:
    return reverse(URLS[service][1], args=[shop.public_id, code])


def _path(draft: Draft) -> str:
    return page_path(draft, CONTINUE)


RENEWAL_DRAFT = DraftKind(NAMES[RENEWAL], held_shop_names, _path, has_obligation=True)
CHANGE_DRAFT = DraftKind(NAMES[CHANGE], held_shop_names, _path)
