"""Number the audit events of the demo, and compute how long its requests took."""

from __future__ import annotations

from municipality.audit.services import sequence
from municipality.cases.services import compute_figures
from municipality.kernel import clock
from sandbox.demo.loading import Loading


def run(loading: Loading) -> str:
    with clock.at(loading.anchor):
        compute_figures()
    total = 0
    while count := sequence():
        total += count
    return f"{total} acts numbered"
