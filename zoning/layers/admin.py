"""Pages of layers in the admin, their menu entry, and the labels of their codes."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from municipality.accounts.proof import reauthentication_required, steps
from municipality.ui import staff_menu
from municipality.ui.code_labels import label_codes
from municipality.ui.staff_menu import StaffEntry
from zoning.imports.roles import CLERK, PLANNER
from zoning.layers import views
from zoning.layers.home import waiting_count

_version = reauthentication_required(views.version, when=steps("in_force", "allow"))
PAGES = [
    path("plots/layers/", views.layers, name="plot_layers"),
    path("plots/new-layer/", views.new_layer, name="plot_new_layer"),
    path("plots/layers/<slug:code>/", views.layer, name="plot_layer"),
    path("plots/layers/<slug:code>/<int:number>/", _version, name="plot_layer_version"),
]
staff_menu.register(
    "zoning",
    StaffEntry(
        "plots",
        _("Layers"),
        "admin:plot_layers",
        (CLERK, PLANNER),
        count=waiting_count,
        tile=_("wait for a second person"),
        tone="warn",
    ),
)
label_codes(
    {
        "layers.created": _("Layer created"),
        "layers.loaded": _("Version of a layer loaded"),
        "layers.in_force": _("Version of a layer put in force"),
        "layers.refused": _("Version of a layer put aside"),
        "layers.repeal_asked": _("Repeal of a version of a layer asked for"),
        "layers.repealed": _("Version of a layer repealed"),
        "layers.repeal_refused": _("Repeal of a version of a layer refused"),
    }
)
