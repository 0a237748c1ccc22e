"""Job handlers of reports."""

from __future__ import annotations

from municipality.jobs.errors import OnHold
from municipality.jobs.registry import every, job
from municipality.kernel.errors import Refused
from reports.models import Report
from reports.photos import copies
from reports.photos import services as photos
from reports.public_page import counts, figures, subscriptions
from reports.reporters import notifications, phones, retention
from reports.triage import services as triage


@job("reports.assign", at_once=False)
def assign(*, report_id: int) -> None:
    """Draw the inspector of a report."""
    try:
        triage.assign(Report.objects.get(pk=report_id))
    except Refused as refusal:
        raise OnHold(refusal.code) from refusal


@job("reports.code", queue="messages", time_limit=30)
def code(*, code_id: int) -> None:
    """Send the one-time code that confirms the phone number of a reporter."""
    phones.deliver(code_id)


@every("reports.map_counts", seconds=600, time_limit=110)
def map_counts() -> None:
    """Count the reports of the public map and the figures anew."""
    counts.refresh()
    figures.refresh()


# Send the weekly messages that are due.
every("reports.area_digests", seconds=6 * 3600, time_limit=110)(subscriptions.tell_everybody)


@job("reports.public_copy", queue="documents", time_limit=90, at_once=False)  # its photo is looked at first
def public_copy(*, photo_id: int) -> None:
    """Write the public copy of a photo."""
    copies.make(photo_id)


# Remove photos of reports that were never sent.
every("reports.drop_held", seconds=3600)(photos.drop_old)


@every("reports.triage", seconds=600)
def sweep() -> None:
    """End questions without an answer, take back what another body had until yesterday."""
    triage.end_unanswered()
    triage.come_back()


# Tell supervisors of promises that end soon.
every("reports.warn", seconds=600)(triage.warn)
# Draw anew where the inspector may not act.
every("reports.redraw", seconds=600)(triage.redraw_unable)
# Draw another branch for results that nobody of their own may sign.
every("reports.signers", seconds=600)(triage.draw_signing_branches)
# A text message to the confirmed phone of a reporter.
job("reports.text", queue="messages", time_limit=30)(notifications.send_text)
every("reports.forget_reporters", seconds=3600)(retention.forget)
