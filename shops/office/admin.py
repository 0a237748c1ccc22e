"""Labels of the codes of the office in the admin, and its pages."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from municipality.accounts.proof import reauthentication_required, steps
from municipality.imports import views
from municipality.ui.code_labels import label_codes
from shops.office import imports
from shops.office.views import changes, corrections, merges

REGISTER = {"kind": "register"}
PAGES = [
    path("register/sheets/", views.files, REGISTER, name="register_files"),
    path(
        "register/sheets/<slug:public_id>/",
        reauthentication_required(views.file, when=steps("release", "go_on")),
        REGISTER,
        name="register_file",
    ),
    path("register/sheets/<slug:public_id>/problems.csv", views.problems, REGISTER, name="register_problems"),
    path("register/sheets/<slug:public_id>/absent.csv", imports.absent, name="register_absent"),
    path("register/merges/", merges.merges, name="register_merges"),
    path("register/merges/<slug:public_id>/", merges.merge, name="register_merge"),
    path("register/corrections/", corrections.corrections, name="register_corrections"),
    path("register/shops/", changes.shops, name="register_shops"),
    path("register/shops/<slug:public_id>/", changes.shop, name="register_shop"),
]
label_codes(
    {
        "register.exported": _("Shops exported"),
        "register.corrected": _("Small corrections of the register"),
        "shop.merge_asked": _("Merge of two entries proposed"),
        "shop.merge_refused": _("Proposal about two entries dropped"),
        "shop.merged": _("Two entries became one"),
        "shop.split": _("One entry became two again"),
        "shop.event_asked": _("Event of a shop proposed"),
        "shop.event_refused": _("Proposed event of a shop dropped"),
    }
)
