"""Incidents."""

from __future__ import annotations

import datetime as dt

import factory
from factory.django import DjangoModelFactory

from municipality.incidents.models import Incident, PortalPart
from municipality.kernel import clock


class IncidentFactory(DjangoModelFactory[Incident]):
    """An outage of the portal that ended just now, after `minutes`."""

    class Meta:
        model = Incident

    class Params:
        minutes = 75

    part = PortalPart.PORTAL
    ended_at = factory.LazyFunction(clock.now)
    started_at = factory.LazyAttribute(lambda row: row.ended_at - dt.timedelta(minutes=row.minutes))
