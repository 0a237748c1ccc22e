"""Models of reports: what was seen and where, its photos, and what became of it."""

from reports.models import reporter  # noqa: F401  its table; nothing but `reports.reporters` reads it
from reports.models.access import FIRST_LOOK, ApiKey, Ban, ModeratedPart, Moderation, OutsideUpdate
from reports.models.outcome import Closure, Consequence, ConsequenceKind, HandOver, Question, SolvedAnswer
from reports.models.photo import BlurState, HeldPhoto, PhotoKind, ReportPhoto
from reports.models.public import AreaFollow, MapCount, Standing
from reports.models.report import WAITS, MeToo, PlaceSource, Report, ReportChannel, ReportEvent, Severity

__all__ = [
    "FIRST_LOOK",
    "WAITS",
    "ApiKey",
    "AreaFollow",
    "Ban",
    "BlurState",
    "Closure",
    "Consequence",
    "ConsequenceKind",
    "HandOver",
    "HeldPhoto",
    "MapCount",
    "MeToo",
    "ModeratedPart",
    "Moderation",
    "OutsideUpdate",
    "PhotoKind",
    "PlaceSource",
    "Question",
    "Report",
    "ReportChannel",
    "ReportEvent",
    "ReportPhoto",
    "Severity",
    "SolvedAnswer",
    "Standing",
]
