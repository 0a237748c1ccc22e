"""Periodic work of cases."""

from municipality.cases import services
from municipality.jobs.registry import every

every("cases.figures", seconds=300)(services.compute_figures)
