"""Models of zoning: plots with their history, the layers that say what applies on them, and formal opinions."""

from zoning.models.layers import Layer, LayerFeature, LayerStatus, LayerVersion
from zoning.models.opinions import Agreement, Asker, BodyAnswer, Consultation, Opinion, OpinionDraft, OpinionOutcome, RuleTask
from zoning.models.plots import Plot, PlotAddress, PlotChange, PlotShape, PlotSuccession
from zoning.models.shapes import SavedShape

__all__ = [
    "Agreement",
    "Asker",
    "BodyAnswer",
    "Consultation",
    "Layer",
    "LayerFeature",
    "LayerStatus",
    "LayerVersion",
    "Opinion",
    "OpinionDraft",
    "OpinionOutcome",
    "Plot",
    "PlotAddress",
    "PlotChange",
    "PlotShape",
    "PlotSuccession",
    "RuleTask",
    "SavedShape",
]
