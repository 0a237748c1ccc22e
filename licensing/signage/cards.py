"""The boards of a page: a form for each, from a query or a kept draft, and their sums."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from licensing.signage.changes.queries import CHANGES, Changed
from licensing.signage.drawing.forms import LONGEST_DRAWING
from licensing.signage.forms import MOST_BOARDS, BoardForm
from municipality.kernel import clock
from municipality.rulebook.queries import RulebookEdition

LONGEST = 200  # of a text that a draft keeps
LONGEST_OF = {"drawing": LONGEST_DRAWING}


class Cards:
    """The forms of the boards that a query names, after its button added or removed one; a new one is empty.

    `checks` is the edition of the rules whose facts the forms ask for, if they ask for any. `changed` is the licensed board in whose place
    the one board of the query is asked for.
    """

    def __init__(
        self,
        query: QueryDict,
        form_class: type[BoardForm],
        edition: RulebookEdition,
        limits: RulebookEdition,
        *,
        checks: RulebookEdition | None = None,
        changed: Changed | None = None,
    ) -> None:
        self.form_class, self.edition, self.changed = form_class, edition, changed
        self.opened_for = query.get(CHANGES, "")  # the board that the page was opened to change, by its public id
        self.query, count = _boards(query, form_class) if changed is None else (query, 1)
        rules: dict[str, Any] = {"rates": edition.boards, "longest": limits.limits["longest_months"].value, "changed": changed}
        if checks is not None:
            rules["limits"] = [one for one in checks.board_limits if one.holds(clock.today())]
        self.forms = [form_class(self._data(number), prefix=str(number), **rules) for number in range(count)]
        self.fees = [form.fee for form in self.forms if form.is_valid() and form.fee is not None]

    def _data(self, number: int) -> QueryDict | None:
        return self.query if f"{number}-medium" in self.query else None

    @property
    def is_whole(self) -> bool:
        """Whether each board has a fee."""
        return len(self.fees) == len(self.forms)

    @property
    def fils(self) -> int:
        """What is paid for all boards that have a fee."""
        return sum(fee.fils for fee in self.fees)

    @property
    def errors(self) -> int:
        """How many errors the page begins with: those of all boards once a button asked for their sum or the next page."""
        return sum(len(texts) for form in self.forms for texts in form.errors.values()) if self.was_asked else 0

    @property
    def was_asked(self) -> bool:
        """Whether a button asked for the sum or for the next page."""
        return "update" in self.query or "continue" in self.query

    def forget_missing(self) -> None:
        """Show no error of a field that is still empty: a board was drawn, or a fact was chosen for which others are asked."""
        for form in self.forms:
            for name, found in form.errors.as_data().items():
                if all(error.code == "required" for error in found):
                    form.errors.pop(name)

    def context(self) -> dict[str, Any]:
        """What `licensing/boards/_errors.html`, `_board.html` and `_total.html` show."""
        return {
            "forms": self.forms,
            "edition": self.edition,
            "fee_fils": sum(fee.fee_fils for fee in self.fees),
            "deposit_fils": sum(fee.deposit_fils for fee in self.fees),
            "fils": self.fils,
            "is_whole": self.is_whole,
            "errors": self.errors,
            "may_add": len(self.forms) < MOST_BOARDS and self.changed is None,
            "changed": self.changed,
            "opened_for": self.opened_for,
        }

    def kept(self) -> dict[str, str]:
        """What was typed, as a draft keeps it, also where it is not valid yet."""
        names = {f"{number}-{name}": name for number in range(len(self.forms)) for name in self.form_class.base_fields}
        kept = {key: self.query.get(key, "")[: LONGEST_OF.get(name, LONGEST)] for key, name in names.items() if key in self.query}
        changes = {CHANGES: self.changed.board.public_id} if self.changed is not None else {}
        return {"boards": str(len(self.forms))} | changes | kept


def query_of(kept: dict[str, str]) -> QueryDict:
    """The query of a kept draft."""
    query = QueryDict(mutable=True)
    query.update(kept)
    return query


def _boards(asked: QueryDict, form_class: type[BoardForm]) -> tuple[QueryDict, int]:
    """The query after its button has added or removed a board, and how many boards it has; one at least."""
    text = asked.get("boards", "1")
    count = min(max(int(text), 1), MOST_BOARDS) if text.isascii() and text.isdigit() and len(text) < 4 else 1
    removed = asked.get("remove", "")
    if removed.isascii() and removed.isdigit() and int(removed[:4]) < count and count > 1:
        return _without(asked, int(removed[:4]), count, form_class), count - 1
    return asked, min(count + ("add" in asked), MOST_BOARDS)


def _without(asked: QueryDict, removed: int, count: int, form_class: type[BoardForm]) -> QueryDict:
    kept = QueryDict(mutable=True)
    for place, number in enumerate(number for number in range(count) if number != removed):
        for name in form_class.base_fields:
            if (key := f"{number}-{name}") in asked:
                kept[f"{place}-{name}"] = asked.get(key, "")
    return kept
