"""The steps of the demo, in the order of loading."""

from __future__ import annotations

from municipality.kernel.registry import Registry
from sandbox.demo.licensing import acts, boards, incidents, inspections, licences, new_licences, past_cases, queue, workers
from sandbox.demo.loading import Step
from sandbox.demo.platform import accounts, delegation, places, record, rules
from sandbox.demo.reports import history as reports
from sandbox.demo.shops import pages, register, search
from sandbox.demo.violations import history
from sandbox.demo.zoning import objections, opinions, plots

STEPS: Registry[Step] = Registry()
STEPS.register("places", places.run)
STEPS.register("people", accounts.run)
STEPS.register("rules", rules.run)
STEPS.register("plots", plots.run)
STEPS.register("shops", register.run)
STEPS.register("licences", licences.run)
STEPS.register("past_cases", past_cases.run)
STEPS.register("workers", workers.run)
STEPS.register("boards", boards.run)
STEPS.register("new licences", new_licences.run)
STEPS.register("queue", queue.run)
STEPS.register("licence acts", acts.run)
STEPS.register("delegation", delegation.run)
STEPS.register("violations", history.run)
STEPS.register("inspections", inspections.run)
STEPS.register("pages", pages.run)
STEPS.register("opinions", opinions.run)
STEPS.register("objections", objections.run)
STEPS.register("boards in the queue", boards.run_waiting)
STEPS.register("new licences in the queue", new_licences.run_waiting)
STEPS.register("incidents", incidents.run)
STEPS.register("reports", reports.run)
STEPS.register("search", search.run)
STEPS.register("record", record.run)
