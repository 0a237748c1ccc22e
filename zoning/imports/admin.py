"""Pages of files of plots in the admin, and the labels of their codes."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from municipality.accounts.proof import reauthentication_required, steps
from municipality.imports import views as imports
from municipality.ui.code_labels import label_codes
from zoning.imports import views

PLOTS = {"kind": "plots"}
PAGES = [
    path("plots/files/", imports.files, PLOTS, name="plot_files"),
    path("plots/files/<slug:public_id>/", reauthentication_required(views.file, when=steps("release", "go_on")), name="plot_file"),
    path("plots/files/<slug:public_id>/problems.csv", imports.problems, PLOTS, name="plot_problems"),
    path("plots/files/<slug:public_id>/undo/", reauthentication_required(views.undoing, when=steps("allow")), name="plot_undo"),
]
label_codes(
    {
        "zoning.undo_load": _("Undo a load of plots"),
        "plot_clerk": _("Clerk of plots"),
        "plots.loaded": _("File of plots loaded"),
        "plots.checked": _("File of plots read"),
        "plots.released": _("File of plots released"),
        "plots.refused": _("File of plots put aside"),
        "plots.stopped": _("Taking in of plots stopped"),
        "plots.resumed": _("Taking in of plots goes on"),
        "plots.taken": _("Plots of a file taken in"),
        "plots.undo_asked": _("Undoing of a load asked for"),
        "plots.undo_refused": _("Undoing of a load refused"),
        "plots.undo_allowed": _("Undoing of a load allowed"),
        "plots.undone": _("Plots of a load undone"),
    }
)
