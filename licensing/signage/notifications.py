"""Messages about requests for boards; their texts are in templates/licensing/messages."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from municipality.notifications.legal import LAPSED, REFUSALS, TAKEN_BACK
from municipality.notifications.registry import CaseMessage, MessageKind


class BoardsSent(CaseMessage):
    """With an officer: what happens next and by when."""

    kind = "licensing.boards_sent"


class BoardsRenewed(CaseMessage):
    """Renewed under the published rules: the fee waits to be paid until a day. `held` are the fils of deposit that stay held."""

    kind = "licensing.boards_renewed"


class BoardsIssued(CaseMessage):
    """`held` is the deposit of the boards in dinars, `returned` what goes back of the board that one of them changes; empty for nothing."""

    kind = "licensing.boards_issued"


class BoardsLapsed(CaseMessage):
    """Closed without payment, or without an answer to corrections."""

    kind = "licensing.boards_lapsed"
    legal = LAPSED


class BoardsNotIssued(CaseMessage):
    """A condition is no longer met at the approval (`is_free`), or at the payment: the amount is owed back."""

    kind = "licensing.boards_not_issued"
    legal = REFUSALS


class BoardsHeld(CaseMessage):
    """The bank took the payment back; `is_over`: of a licence that has ended or was replaced."""

    kind = "licensing.boards_held"
    legal = TAKEN_BACK


class BoardsEnd(MessageKind):
    """A reminder that `count` boards of a shop end, the first on `last_day`."""

    kind = "licensing.boards_end"
    page = "/boards/renew/"
    samples = {"count": 12}


class BoardEnded(MessageKind):
    """A board has ended, or its photo has arrived: what is returned, or why nothing is. `again` is the number as which it stands."""

    kind = "licensing.board_ended"
    page = "/boards/{board.public_id}/"


class BoardPhotoMissing(MessageKind):
    """A board is over and nobody sent a photo of its place: what it is for, and who looks otherwise.

    With `is_smaller` the board stands, and the photo of it as it is now is missing.
    """

    kind = "licensing.board_photo_missing"
    page = "/boards/{board.public_id}/"


class BoardSmaller(MessageKind):
    """The photo of a smaller board is here: what is returned of its deposit."""

    kind = "licensing.board_smaller"
    page = "/boards/{board.public_id}/"


class _AboutShop(MessageKind):
    page = "/shops/{shop.public_id}/"
    legal = _("boards whose licence ended, was suspended or takes effect again with the shop")


class BoardsEndedWithShop(_AboutShop):
    """The shop is closed, moved, or its health licence revoked: `numbers` are those of its boards."""

    kind = "licensing.boards_ended_with_shop"


class BoardsSuspendedWithShop(_AboutShop):
    kind = "licensing.boards_suspended_with_shop"


class BoardsResumed(_AboutShop):
    """The suspension of the shop is lifted, so that of its boards is."""

    kind = "licensing.boards_resumed"


class _AboutDraft(MessageKind):
    """`signer` answered as the landlord (`is_landlord`) or as the owner of the trademark."""

    page = "/boards/new/{shop.public_id}/"


class BoardsAgreed(_AboutDraft):
    kind = "licensing.boards_agreed"


class BoardsNotAgreed(_AboutDraft):
    """A signature was refused for a `reason`, which ended the request before it was sent."""

    kind = "licensing.boards_not_agreed"
    legal = REFUSALS


class BoardsPaidAgain(CaseMessage):
    """Paid once more after a reversal: in force again, or over meanwhile (`is_over`)."""

    kind = "licensing.boards_paid_again"
