"""The pages of the register's office in each state: sheets, duplicates, events by hand."""

from __future__ import annotations

from tests.architecture.page_responses import Visit

SHEETS, MERGES, SHOPS = (f"/admin/register/{name}/" for name in ("sheets", "merges", "shops"))
CORRECTIONS = "/admin/register/corrections/"
OPEN = f"{SHOPS}{{s.register.foreign.public_id}}/"
SAID = {"step": "propose", "on": "2026-11-20", "reference": "12/2026", "note_ar": "كتاب إدارة التراخيص"}


def of_the_register() -> list[Visit]:
    both = ("registrar", "keeper")
    v = [Visit("/admin/", who) for who in both]
    v += [Visit(SHEETS, who) for who in both]
    v += [Visit(f"{SHEETS}{{s.sheets.{name}.public_id}}/", who, note=name) for name in ("taken", "waiting", "running") for who in both]
    v += [
        Visit(SHEETS, "registrar", post={}, status=409, note="no file"),
        Visit(f"{SHEETS}{{s.sheets.running.public_id}}/", "keeper", post={"step": "stop"}, note="stopped"),
        Visit(f"{SHEETS}{{s.sheets.taken.public_id}}/", "keeper", post={"step": "stop"}, status=409, note="not running"),
        *(Visit(MERGES, who) for who in both),
        Visit(MERGES, "registrar", post={"step": "propose", "goes": "0", "stays": "1"}, status=409, note="no such shop"),
        *(Visit(f"{MERGES}{{s.sheets.{name}.public_id}}/", who, note=name) for name in ("merged", "asked") for who in both),
        *(Visit(CORRECTIONS, who) for who in both),
        Visit(CORRECTIONS, "keeper", post={"step": "preview"}, status=409, note="no file"),
        *(Visit(SHOPS, who) for who in both),
        Visit(f"{SHOPS}?number=0", "keeper", status=409, note="no such shop"),
        Visit(f"{SHOPS}{{s.sheets.proposal.shop.public_id}}/", "keeper", note="to confirm"),
        Visit(f"{SHOPS}{{s.sheets.merged.shop.public_id}}/", "registrar", note="merged"),
        Visit(OPEN, "registrar"),
        Visit(OPEN, "registrar", post={"step": "propose"}, status=409, note="empty"),
        Visit(OPEN, "registrar", post=SAID | {"kind": "resumed"}, status=409, note="not suspended"),
        Visit(OPEN, "registrar", post=SAID | {"kind": "closed"}, note="proposed"),
        Visit("/{lang}/shops/{s.sheets.merged.into.public_id}/", note="stands for another"),
    ]
    return v


REGISTER = of_the_register()
