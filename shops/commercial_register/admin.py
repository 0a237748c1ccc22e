"""Labels of the codes of the commercial register in the admin, and its pages."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes
from shops.commercial_register import views

PAGES = [
    path("commercial/", views.work_list, name="commercial"),
    path("commercial/<slug:public_id>/", views.difference, name="commercial_difference"),
]
label_codes(
    {
        "register.taken_in": _("Owners taken in from the commercial register"),
        "commercial.asked": _("Commercial register asked by staff"),
        "commercial.licence_asked": _("Commercial register asked about a licence"),
        "commercial.delta_ended": _("Delta of the commercial register taken in"),
        "commercial.accepted": _("Word of the commercial register taken over"),
        "commercial.dismissed": _("Difference from the commercial register dismissed"),
        "shops.begin_commercial_delta": _("Begin the nightly delta of the commercial register"),
        "shops.commercial_page": _("Take in changes of the commercial register"),
        "shops.commercial_licence": _("Ask the commercial register about a licence"),
        "shops.commercial_compare": _("Compare a shop with its licence in the commercial register"),
        # Reasons of settled differences, and the rulebook's reasons for dismissing one.
        "agrees": _("Both registers agree now"),
        "shop_closed": _("The shop is closed"),
        "shop_merged": _("Another entry stands for the shop"),
        "shop_found": _("The shop stands in the register now"),
        "known_again": _("The commercial register knows the licence again"),
        "register_is_wrong": _("Error in the commercial register"),
        "spelling_only": _("Spelling only"),
        "request_under_way": _("Decided by a request under way"),
        "no_public_shop": _("No shop under the Municipality"),
        "seen_on_the_spot": _("Found otherwise on the spot"),
    }
)
