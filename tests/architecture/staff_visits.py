"""The page that asks why, the figures of decisions, and the other cases of a shop, person and plot."""

from __future__ import annotations

from tests.architecture.page_responses import Visit

ONE = "/admin/desk/{s.studied.public_id}/linked/{s.owner.issued.public_id}/"
LINKED = [
    Visit("/admin/desk/{s.studied.public_id}/linked/", "officer"),
    Visit("/admin/desk/{s.studied.public_id}/linked/?before=1", "officer", note="past the end"),
    Visit(ONE, "officer"),
    Visit("/admin/desk/{case_countersign}/similar/{case_appealable}/", "supervisor"),
    Visit("/admin/desk/decided/", "officer"),
    Visit("/admin/desk/figures/", "supervisor"),
    Visit("/admin/desk/figures/", "auditor"),
    Visit("/admin/desk/figures/cases/?branch=HA&service=licensing.renewal", "auditor"),
    Visit("/admin/desk/figures/cases/?branch=HA&service=licensing.renewal&counted=late", "supervisor", note="none"),
    Visit("/admin/purpose/", "officer", post={"subject": "case:x", "next": "/admin/"}, status=400, note="none is chosen"),
    Visit("/admin/desk/{case_corrections}/", "supervisor", note="with its applicant"),
    Visit("/admin/desk/{case_countersign}/", "supervisor", note="to sign"),
    Visit("/admin/desk/{case_in_review}/", "supervisor", status=404, note="merely waits"),
]
