"""Models of zoning: plots with their history, the layers that say what applies on them, and formal opinions."""

from zoning.models.contests import LayerContest
from zoning.models.extracts import PlotExtract
from zoning.models.imports import LoadUndo, PlotFinding, PlotRow
from zoning.models.layers import Layer, LayerFeature, LayerRepeal, LayerStatus, LayerVersion
from zoning.models.maps import MapOutline
from zoning.models.objections import OpinionObjection
from zoning.models.opinions import Agreement, Asker, BodyAnswer, Consultation, Opinion, OpinionDraft, OpinionOutcome, RuleTask
from zoning.models.plots import Plot, PlotAddress, PlotChange, PlotShape, PlotSuccession
from zoning.models.shapes import SavedShape

__all__ = [
    "Agreement",
    "Asker",
    "BodyAnswer",
    "Consultation",
    "Layer",
    "LayerContest",
    "LayerFeature",
    "LayerRepeal",
    "LayerStatus",
    "LayerVersion",
    "LoadUndo",
    "MapOutline",
    "Opinion",
    "OpinionDraft",
    "OpinionObjection",
    "OpinionOutcome",
    "Plot",
    "PlotAddress",
    "PlotChange",
    "PlotExtract",
    "PlotFinding",
    "PlotRow",
    "PlotShape",
    "PlotSuccession",
    "RuleTask",
    "SavedShape",
]
