"""Models of zoning: plots with their history, and the layers that say what applies on them."""

from zoning.models.contests import LayerContest
from zoning.models.extracts import PlotExtract
from zoning.models.imports import LoadUndo, PlotFinding, PlotRow
from zoning.models.layers import Layer, LayerFeature, LayerRepeal, LayerStatus, LayerVersion
from zoning.models.maps import MapOutline
from zoning.models.plots import Plot, PlotAddress, PlotChange, PlotShape, PlotSuccession
from zoning.models.shapes import SavedShape

__all__ = [
    "Layer",
    "LayerContest",
    "LayerFeature",
    "LayerRepeal",
    "LayerStatus",
    "LayerVersion",
    "LoadUndo",
    "MapOutline",
    "Plot",
    "PlotAddress",
    "PlotChange",
    "PlotExtract",
    "PlotFinding",
    "PlotRow",
    "PlotShape",
    "PlotSuccession",
    "SavedShape",
]
