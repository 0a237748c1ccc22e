"""A renewal with changes while it is being filled in: its pages, what is done, and where it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from licensing.health import changes
from municipality.drafts.models import Draft, Unsaved
from municipality.drafts.registry import DraftKind
from municipality.kernel import clock, subjects
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Edition
from municipality.uploads import queries as uploads
from municipality.uploads.states import UploadState
from shops.models import Shop

WHAT, FILES, CHECK, CONTINUE = "what", "files", "check", "continue"
FILES_EDITION = "files.health"


@dataclass(frozen=True)
class DraftPage:
    """One line of the task list. `state` is done, todo, waiting (files being checked) or locked."""

    code: str
    label: Any
    state: str
    told: Any = ""

    @property
    def is_done(self) -> bool:
        return self.state == "done"


def changed(draft: Draft) -> list[str]:
    """The facts that the person ticked, in the order of the pages."""
    ticked = draft.answers.get(WHAT, {}).get("changed", [])
    return [name for name in changes.FACTS if name in ticked]


def files_edition(on: Any = None) -> Edition:
    return rulebook.edition(FILES_EDITION, on or clock.today())


def needed(draft: Draft) -> dict[str, int]:
    """Slot → least number of files for what is ticked."""
    return changes.required_slots(files_edition(), changed(draft))


def files_state(draft: Draft) -> str:
    """Whether every slot holds what it must: done, waiting while files are being checked, else todo."""
    wanted = needed(draft)
    states: dict[str, list[str]] = {slot: [] for slot in wanted}
    for row in uploads.of(draft.key):
        if row.slot in states:
            states[row.slot].append(row.state)
    if all(states[slot].count(UploadState.READY) >= least for slot, least in wanted.items()):
        on_the_way = any(state in (UploadState.CHECKING, UploadState.RECEIVING) for found in states.values() for state in found)
        return "waiting" if on_the_way else "done"
    there = (UploadState.READY, UploadState.CHECKING)
    if all(sum(state in there for state in states[slot]) >= least for slot, least in wanted.items()):
        return "waiting"
    return "todo"


def pages(draft: Draft) -> list[DraftPage]:
    """All pages of the request in their order; the last one opens when the others are done."""
    found = [DraftPage(WHAT, _("What changed"), "done" if WHAT in draft.answers else "todo")]
    for name in changed(draft):
        fact = changes.FACTS[name]
        answers = draft.answers.get(name)
        found.append(DraftPage(name, fact.label, "done" if answers else "todo", fact.told(answers) if answers else ""))
    if needed(draft):
        found.append(DraftPage(FILES, _("Files"), files_state(draft)))
    ready = all(page.is_done for page in found)
    return [*found, DraftPage(CHECK, _("Check your answers and send"), "todo" if ready else "locked")]


def next_page(draft: Draft) -> str:
    """Where the person goes on: the page they were typing on when a session ended, else the first one that is not done."""
    path = reverse_page(draft, "")
    for row in Unsaved.objects.filter(person_id=draft.person_id, page__startswith=path).order_by("-at"):
        code = row.page.removeprefix(path).strip("/")
        if any(page.code == code and page.state != "locked" for page in pages(draft)):
            return code
    return next(page.code for page in pages(draft) if not page.is_done)


def reverse_page(draft: Draft, code: str) -> str:
    """The address of a page without its language."""
    shop = subjects.parse(draft.subject).id
    return f"/health-licence/{shop}/changes/{code}/" if code else f"/health-licence/{shop}/changes/"


def page_url(shop: Shop, code: str) -> str:
    return reverse("licensing:change_page", args=[shop.public_id, code])


def _title(draft: Draft) -> tuple[str, str]:
    shop = Shop.objects.get(public_id=subjects.parse(draft.subject).id)
    return f"تجديد الترخيص الصحي، {shop.name_ar}", f"Health licence renewal, {shop.name_en or shop.name_ar}"


KEPT = DraftKind(title=_title, path=lambda draft: reverse_page(draft, CONTINUE))
