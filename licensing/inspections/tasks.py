"""Job handlers of inspections."""

from __future__ import annotations

from licensing.inspections.services import appointments
from municipality.jobs.registry import every

# Set the day where the owner has not, and draw anew where the inspector may not go.
every("licensing.appoint_inspections", seconds=3600)(appointments.set_overdue)
