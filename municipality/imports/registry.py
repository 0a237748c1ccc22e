"""The kinds of imports: each app registers one object a kind from its `ready`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.imports.models import ImportFile, ImportRow, LineOutcome
from municipality.kernel.registry import Registry
from municipality.ui.texts import Text

Row = tuple[int, dict[str, Any], bool]  # number in the source, values by column, whether there are more values than columns

_LOAD = _("Load a sheet")
_HELP = _("UTF-8 or Windows-1256, cells parted by semicolon, comma or tab. Digits may be Arabic.")
_COLUMNS = _("Columns of the first line")


class Reader(Protocol):
    """Turns the bytes of a file into numbered rows. `municipality.kernel.sheets.Layout` reads CSV."""

    @property
    def columns(self) -> Mapping[str, Sequence[str]]:
        """Code of a column → its names in the source."""

    @property
    def needed(self) -> Sequence[str]: ...
    @property
    def max_bytes(self) -> int: ...
    @property
    def media(self) -> str: ...
    @property
    def accept(self) -> str:
        """For the file field of the form."""

    def inspect(self, content: bytes) -> tuple[str, int]:
        """The encoding, and the number of rows. Raises `municipality.imports.sheets.NotReadable`."""

    def rows(self, content: bytes, skip: int = 0) -> Iterator[Row]:
        """The rows after the first `skip`."""


@dataclass
class Checked:
    """A checked line. `values` are columns of the kind's model, not saved for a line with problems."""

    line: int
    number: str = ""
    outcome: LineOutcome = LineOutcome.ADD
    problems: list[list[str]] = field(default_factory=list)  # [column, code]
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Applied:
    """The result of a batch: counts, the primary keys of lines left out, and more data for the audit event."""

    added: int = 0
    changed: int = 0
    confirmed: int = 0
    left_out: list[int] = field(default_factory=list)
    facts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Pages:
    """Texts and URL names of the pages of a kind."""

    urls: tuple[str, str, str]  # names: list, file, problems
    title: Text
    intro: Text
    limit: Text
    labels: Mapping[str, Text]  # of outcomes, by code
    notes: Mapping[str, Text]  # when a column is needed, by code; those of the reader's `needed` always are
    columns_intro: Text = ""
    load_title: Text = _LOAD
    help: Text = _HELP
    columns_title: Text = _COLUMNS
    template: str = "admin/imports/file.html"
    release_note: Text = ""  # what follows from the release
    line_heads: Sequence[Text] = ()  # of the table of good lines; without them there is none


@dataclass(frozen=True)
class ImportKind:
    """A kind of import. `check` has no effect; `apply` writes a batch in the caller's transaction.

    Its audit events are `<name>.loaded`, `checked`, `released`, `refused`, `taken`, and with `stops` also `stopped` and `resumed`.
    """

    name: str
    rows: type[ImportRow]
    reader: Reader
    check: Callable[[ImportFile, Sequence[Row]], Iterable[Checked]]
    apply: Callable[[ImportFile, Sequence[Any]], Applied]
    uploader: str  # groups
    releaser: str
    key: str  # the column of `number`
    problems: Mapping[str, Text]  # sentences by code
    pages: Pages
    check_batch: int = 4000  # lines of one transaction
    apply_batch: int = 2000
    applies: tuple[str, ...] = (LineOutcome.ADD, LineOutcome.CHANGE, LineOutcome.SAME)  # the outcomes whose lines are applied
    is_secret: bool = False  # the bytes are kept encrypted
    stops: bool = True  # applying may be stopped between two batches
    lines: Callable[[Sequence[Any]], Iterable[Sequence[Text]]] = lambda rows: ()  # the cells of good lines, under `Pages.line_heads`
    figures: Callable[[ImportFile], dict[str, int]] = lambda file: {}  # more numbers at the end of the dry run
    visible: Callable[[AuthenticatedHttpRequest, QuerySet[ImportFile]], QuerySet[ImportFile]] = lambda request, files: files


# By the name of the kind.
IMPORT_KINDS: Registry[ImportKind] = Registry()
