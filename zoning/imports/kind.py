"""Files of plots as a kind of import."""

from __future__ import annotations

from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.imports.models import LineOutcome
from municipality.imports.registry import ImportKind, Pages
from zoning.imports import findings, problems, undo, validation, writer
from zoning.imports.columns import KEY
from zoning.imports.reader import PlotReader
from zoning.imports.roles import CLERK, PLANNER
from zoning.models import PlotRow

_systems = format_html('<bdi dir="ltr">{}</bdi>', "EPSG:31901, EPSG:32638, EPSG:32639, EPSG:4326")
_help = lazy(lambda: format_html(gettext("Reference systems, as the file names it: {}. Digits may be Arabic."), _systems), SafeString)
KIND = ImportKind(
    name="plots",
    rows=PlotRow,
    reader=PlotReader(),
    check=validation.check,
    apply=writer.apply,
    uploader=CLERK,
    releaser=PLANNER,
    key=KEY,
    problems=problems.LINE,
    check_batch=2000,
    apply_batch=2000,
    figures=findings.find,
    visible=lambda request, files: undo.with_state(files),
    pages=Pages(
        urls=("plot_files", "plot_file", "plot_problems"),
        title=_("Files of plots"),
        intro=_(
            "A file of plots is read first without effect; a second person releases it, and then it is taken in batch by batch. "
            "The same file twice does nothing twice. Plots that the file does not name stay as they are. A load can be undone as a whole."
        ),
        limit=_("GeoPackage, zipped shapefile or GeoJSON, at most 400,000 plots and 150 MB"),
        labels={
            LineOutcome.ADD: _("New plots"),
            LineOutcome.CHANGE: _("Plots that change"),
            LineOutcome.SAME: _("Plots without a change"),
            LineOutcome.WRONG: _("Plots with errors, not taken"),
            LineOutcome.LEFT: _("Left out, because the register changed after the dry run"),
        },
        notes={},
        load_title=_("Load a file of plots"),
        help=_help(),
        columns_title=_("Columns of the layer"),
        columns_intro=_(
            "Area, block and number identify a plot. An empty official area or PACI number leaves that of the register unchanged; the word "
            "“none” among the PACI numbers takes those off the plot that the row does not name."
        ),
        template="admin/zoning/file.html",
    ),
)
