"""Periodic work of claims and of the index of the search, and the papers of claims."""

from __future__ import annotations

from municipality.cases.models import Case
from municipality.documents.contexts import FactsRefused
from municipality.documents.rendering import RendererMissing, RenderingRefused
from municipality.documents.signing import SignerMissing
from municipality.jobs.errors import Gone, Parked
from municipality.jobs.registry import every, job
from shops import claims, freshness, refusals
from shops.commercial import running
from shops.imports import services as imports
from shops.search import indexing


@every("shops.settle_claims", seconds=3600)
def settle_claims() -> None:
    claims.settle_due()
    claims.drop_files()


@job("shops.refusal_document", queue="documents", time_limit=90)
def refusal_document(*, case_id: int) -> None:
    try:
        refusals.write_refusal(case=Case.objects.select_related("applicant", "branch").get(pk=case_id))
    except RendererMissing as missing:
        raise Parked("renderer", str(missing)) from missing
    except SignerMissing as missing:
        raise Parked("signer", str(missing)) from missing
    except (FactsRefused, RenderingRefused) as refused:
        raise Gone(f"the refusal cannot be drawn: {refused}") from refused


@every("shops.index_missing", seconds=600)
def index_missing() -> None:
    indexing.index_missing()
    freshness.ended_well("shops.index_missing")


@every("shops.recount_words", seconds=86_400)
def recount_words() -> None:
    indexing.recount()


@every("shops.note_ended_licences", seconds=3600)
def note_ended_licences() -> None:
    indexing.note_ended_licences()
    freshness.ended_well("shops.note_ended_licences")


@job("shops.register_check", queue="bulk", time_limit=110)
def register_check(*, file_id: int) -> None:
    imports.check(file_id=file_id)


@job("shops.register_take", queue="bulk", time_limit=110)
def register_take(*, file_id: int) -> None:
    imports.take(file_id=file_id)


@every("shops.begin_commercial_delta", seconds=600)
def begin_commercial_delta() -> None:
    running.begin_nightly()


@job(running.PAGE_JOB, queue="bulk", time_limit=90)
def commercial_page(*, run_id: int, page: int) -> None:
    running.take_page(run_id=run_id, page=page)


@job(running.ONE_JOB, queue="urgent", time_limit=60)
def commercial_licence(*, number: str) -> None:
    running.take_licence(number=number)
