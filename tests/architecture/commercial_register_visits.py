"""The pages of the work list of the commercial register: every state of it, and each answer of whoever decides."""

from __future__ import annotations

from tests.architecture.page_responses import Visit

LIST, ONE = "/admin/commercial/", "/admin/commercial/{{s.commercial.{name}.public_id}}/"
WAITING = ONE.format(name="waiting")
SEEN = {"seen": "{s.commercial.seen}"}
TAKEN, PUT_ASIDE = SEEN | {"step": "accept"}, SEEN | {"step": "dismiss", "code": "spelling_only"}


def of_the_commercial_register() -> list[Visit]:
    """The list and one difference, as its keeper and its readers see them."""
    v = [
        Visit(LIST, "keeper", note="not connected"),
        *(Visit(LIST, "keeper", register=how, note=how) for how in ("yes", "away", "doubted")),
        Visit(LIST, "keeper", register="yes", before=((LIST, {"step": "ask"}),), note="being asked"),
        Visit(f"{LIST}?past=1", "keeper", note="decided"),
        Visit(f"{LIST}?kind=cancelled", "keeper", note="of one kind"),
        Visit(f"{LIST}?kind=x&past=x&before=x", "keeper", note="filters that are none"),
        Visit(f"{LIST}?before=1", "keeper", note="past the end"),
        Visit(f"{LIST}?past=1", "auditor", note="decided"),
        Visit(LIST, "keeper", post={}, status=409, note="no button"),
        Visit(LIST, "keeper", post={"step": "ask"}, status=409, note="not connected"),
        Visit(LIST, "keeper", register="yes", post={"step": "ask"}, note="asked"),
        Visit(LIST, "keeper", register="yes", post={"step": "licence", "number": "؟"}, status=409, note="no number"),
        Visit(LIST, "keeper", register="yes", post={"step": "licence", "number": "2020/000954"}, note="one licence asked for"),
        Visit(LIST, "auditor", register="yes", post={"step": "ask"}, status=403),
        Visit(LIST, "supervisor", status=403),
    ]
    v += [
        Visit(ONE.format(name=name), who, note=name)
        for name in ("waiting", "cancelled", "unreadable", "dismissed", "settled")
        for who in ("keeper", "auditor")
    ]
    v += [
        Visit(WAITING, "keeper", post=SEEN, status=409, note="no button"),
        Visit(WAITING, "keeper", post={"step": "accept", "seen": "x"}, status=409, note="not what was seen"),
        Visit(WAITING, "keeper", post=PUT_ASIDE | {"code": "x"}, status=409, note="no such reason"),
        Visit(WAITING, "keeper", post=PUT_ASIDE | {"seen": "x"}, status=409, note="chosen and not what was seen"),
        Visit(WAITING, "keeper", post=PUT_ASIDE, note="dismissed"),
        Visit(WAITING, "keeper", post=TAKEN, note="taken over"),
        Visit(WAITING, "keeper", before=((WAITING, TAKEN),), post=TAKEN, status=409, note="decided twice"),
        Visit(WAITING, "keeper", minutes=10, post=TAKEN, status=403, note="asks again"),
        Visit(WAITING, "auditor", post=TAKEN, status=403),
        Visit(f"{LIST}0000/", "keeper", status=404),
    ]
    return v


COMMERCIAL = of_the_commercial_register()
