"""Signatures under boards in the sample, their pages, and attacks on their guards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from licensing.models import BoardConsent, ConsentRole
from licensing.signage.consents import services
from municipality.drafts.models import Draft
from municipality.kernel import clock
from tests.factories.board_consents import agreed, asked

if TYPE_CHECKING:
    from tests.architecture.access_matrix import Row
    from tests.architecture.page_responses import Visit
    from tests.architecture.sample_data import Sample


@dataclass
class Links:
    """Tokens of signatures under a draft: of the landlord, `open` and one that was withdrawn; of the owner of a mark, `used`."""

    draft: Draft
    open: str
    withdrawn: str
    used: str

    @property
    def waiting(self) -> BoardConsent:
        return BoardConsent.objects.get(draft=self.draft, role=ConsentRole.LANDLORD, withdrawn_at__isnull=True)


def fill(draft: Draft, sample: Sample) -> Links:
    """Signatures in every state under a draft of the asker."""
    withdrawn = asked(draft)[1]
    consent, used = asked(draft, ConsentRole.TRADEMARK_OWNER)
    services.agree(consent=consent, user=sample.owner.person)
    return Links(draft, asked(draft)[1], withdrawn, used)


def signed(draft: Draft, sample: Sample) -> Draft:
    """A draft that its landlord agreed to."""
    agreed(draft, sample.owner.person)
    return draft


def _like(sample: Sample, **other: Any) -> None:
    """Another signature, by hand."""
    row = sample.boards.links.waiting
    given = {"pk": None, "token_digest": "f" * 64, "withdrawn_at": None} | other
    if "draft" not in other:  # one open signature for each role
        BoardConsent.objects.filter(pk=row.pk).update(withdrawn_at=clock.now())
    for name, value in given.items():
        setattr(row, name, value)
    row._state.adding = True
    row.save(force_insert=True)


def _answered(sample: Sample, row: BoardConsent | None = None, **other: Any) -> None:
    given = {"answer": "agreed", "signer": sample.owner.person, "answered_at": clock.now()} | other
    BoardConsent.objects.filter(pk=(row or sample.boards.links.waiting).pk).update(**given)


def _withdrawn_after_sending(sample: Sample) -> None:
    sent = BoardConsent.objects.exclude(draft__closed_at=None)
    assert sent.exists()
    sent.update(withdrawn_at=clock.now())


BY_HAND: dict[str, Callable[[Sample], None]] = {
    "licensing_boardconsent_asked": lambda sample: _like(sample, answer="agreed", signer=sample.owner.person, answered_at=clock.now()),
    "licensing_boardconsent_draft_insert": lambda sample: _like(
        sample, draft=BoardConsent.objects.exclude(draft__closed_at=None)[0].draft, role=ConsentRole.TRADEMARK_OWNER
    ),
    "licensing_boardconsent_draft_update": _withdrawn_after_sending,
    "licensing_boardconsent_in_time": lambda sample: _answered(
        sample, answered_at=sample.boards.links.waiting.expires_at + dt.timedelta(hours=1)
    ),
    "licensing_boardconsent_signer": lambda sample: _answered(sample, signer=sample.opinions.asker),
}


def rows() -> list[Row]:
    """The addresses of signatures in the matrix of access."""
    from tests.architecture.access_matrix import ELSEWHERE, HIDDEN_FORM, own

    link = "/{lang}/boards/consents/"
    form, used, mine = "200 200 400 405 405 405", "410 410 410 405 405 405", "403 403 403 405 405 405"
    return [
        own("/{lang}/boards/new/{s.boards.shop.public_id}/consents/", HIDDEN_FORM, HIDDEN_FORM, asker=ELSEWHERE),
        own(f"{link}{{s.boards.links.open}}/", form, form, asker=mine, why="whoever has the link signs, but for who asks"),
        own(f"{link}{{s.boards.links.used}}/", used, used, asker=used),
        own(f"{link}{{s.boards.links.withdrawn}}/", used, used, asker=used),
        own(f"{link}nothing/", HIDDEN_FORM, HIDDEN_FORM, asker=HIDDEN_FORM),
    ]


def visits() -> list[Visit]:
    """Asking for a signature, the link, and the page behind it."""
    from tests.architecture.page_responses import Visit

    ask, link = "/{lang}/boards/new/{s.boards.shop.public_id}/consents/", "/{lang}/boards/consents/{s.boards.links."
    return [
        Visit(ask, "asker", post={"ask": "landlord"}, note="the link"),
        Visit(f"{link}open}}/", "stranger"),
        Visit(f"{link}open}}/", "stranger", post={"answer": "refused"}, status=400, note="without a reason"),
        Visit(f"{link}open}}/", "stranger", post={"answer": "agreed"}, note="agreed"),
        Visit(f"{link}open}}/", "stranger", post={"answer": "refused", "reason": "لا"}, note="refused"),
        Visit(f"{link}open}}/", "asker", status=403, note="one's own"),
        *(Visit(f"{link}{name}}}/", "stranger", status=410, note=name) for name in ("used", "withdrawn")),
    ]
