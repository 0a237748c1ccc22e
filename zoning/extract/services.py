"""Make an extract, and write its PDF."""

from __future__ import annotations

import datetime as dt
import hashlib
import json

from django.db import IntegrityError, transaction

from municipality.audit.services import record
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.numbers import next_number
from municipality.documents.states import DocumentState
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import system
from zoning.answer.queries import ActivityQuestion
from zoning.extract.contents import facts_of
from zoning.extract.facts import ExtractFacts
from zoning.models import Plot, PlotExtract
from zoning.plots.summary import summary

SYSTEM = system("zoning")
_OWN = ("uuid", "issued_at")  # facts in which two extracts of the same content differ


def make(plot: Plot, day: dt.date, question: ActivityQuestion | None) -> PlotExtract | None:
    """The extract of a plot with what applied on a day; one of today with the same content is given again. None without a shape.

    JSON and XML exist at once, the PDF is written by a job.
    """
    found = summary(plot, day, question)
    if found.shape is None:
        return None
    facts = facts_of(found, question)
    content = {key: value for key, value in facts.dump().items() if key not in _OWN}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    same = PlotExtract.objects.filter(plot=plot, made_on=clock.today(), digest=digest).select_related("document")
    try:
        return same.first() or _create(plot, facts, digest)
    except IntegrityError:  # made by another request in the meantime
        return same.get()


@transaction.atomic
def _create(plot: Plot, facts: ExtractFacts, digest: str) -> PlotExtract:
    document = documents.draft(
        kind=ExtractFacts.kind,
        number=next_number(f"ZEX-{clock.today().year}"),
        subject=f"plot:{plot.public_id}",
        holder_key="",
        facts=facts.dump(),
        public_facts={"area": [facts.area_ar, facts.area_en], "uuid": facts.uuid},
    )
    row = PlotExtract.objects.create(uuid=facts.uuid, plot=plot, day=facts.day, made_on=clock.today(), digest=digest, document=document)
    record("zoning.extract_made", subject=f"plot:{plot.public_id}", actor=SYSTEM, data={"number": document.number, "sha256": digest})
    enqueue("zoning.extract_document", key=f"extract:{row.uuid}", extract_id=row.pk)
    return row


def write_document(*, extract_id: int) -> None:
    """Write and seal the PDF of an extract. Raises as `documents.issue`."""

    def drafted(row: PlotExtract) -> Document:
        return row.document

    waiting = PlotExtract.objects.filter(pk=extract_id, document__state=DocumentState.DRAFT).select_related("document")
    documents.issue(ExtractFacts, waiting=waiting, draft_lookup=None, new=drafted, actor=SYSTEM)
