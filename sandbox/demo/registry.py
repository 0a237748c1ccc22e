"""The steps of the demo, in the order of loading."""

from __future__ import annotations

from municipality.kernel.registry import Registry
from sandbox.demo.licensing import boards, licences, past_cases, queue
from sandbox.demo.loading import Step
from sandbox.demo.platform import accounts, delegation, places, record, rules
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
STEPS.register("boards", boards.run)
STEPS.register("queue", queue.run)
STEPS.register("delegation", delegation.run)
STEPS.register("violations", history.run)
STEPS.register("pages", pages.run)
STEPS.register("opinions", opinions.run)
STEPS.register("objections", objections.run)
STEPS.register("boards in the queue", boards.run_waiting)
STEPS.register("search", search.run)
STEPS.register("record", record.run)
