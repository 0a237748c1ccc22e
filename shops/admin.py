"""Shops have no table in the admin; their acts and those of claims are read in the record, the claims themselves at the desk.
What the commercial register says otherwise has a work list of its own."""

from django.contrib import admin
from django.urls import path
from django.utils.translation import gettext_lazy as _

from municipality.ui.words import say
from shops.commercial import pages

say(
    {
        "shop.changed": _("Facts of a shop changed"),
        "claim.disputed": _("Claim of a shop disputed"),
        "register.taken_in": _("Owners taken in from the commercial register"),
        "shop.transferred": _("Shop passed to another holder"),
        "holder": _("Holder of the shop"),
        "shops.settle_claims": _("Settle claims of shops"),
        "shops.index_missing": _("Make new shops findable"),
        "shops.recount_words": _("Count the words of the shop search"),
        "shops.note_ended_licences": _("Note ended licences in the shop search"),
        "shop.opened": _("Shop opened"),
        "shop.suspended": _("Shop suspended"),
        "shop.resumed": _("Shop resumed"),
        "shop.closed": _("Shop closed"),
        "shop.reopened": _("Shop opened again"),
        "shops.claim_sent": _("Claim of a shop sent"),
        "shops.claim_granted": _("Claim of a shop granted"),
        "shops.shop_claimed": _("Shop claimed by another person"),
        "shops.claim_disputed": _("Claim of a shop disputed by its holder"),
        "shops.claim_decided": _("Claim of a shop decided"),
        "shops.claim_refusal_ready": _("Sealed refusal of a claim is ready"),
        "shops.refusal_document": _("Draw the refusal of a claim"),
        "case.match": _("Claim matched with the register"),
        "case.settle": _("Claim settled without a dispute"),
        "case.dispute": _("Claim disputed and frozen"),
        "case.object": _("Claim disputed while it is studied"),
    }
)

say(
    {
        "register_clerk": _("Keeper of the register of shops"),
        "commercial.asked": _("Commercial register asked by staff"),
        "commercial.licence_asked": _("Commercial register asked about a licence"),
        "commercial.delta_ended": _("Delta of the commercial register taken in"),
        "commercial.accepted": _("Word of the commercial register taken over"),
        "commercial.dismissed": _("Difference from the commercial register dismissed"),
        "shops.begin_commercial_delta": _("Begin the nightly delta of the commercial register"),
        "shops.commercial_page": _("Take in changes of the commercial register"),
        "shops.commercial_licence": _("Ask the commercial register about a licence"),
        # Why a difference settled by itself, and the reasons of the rulebook for dismissing one.
        "agrees": _("Both registers agree now"),
        "shop_closed": _("The shop is closed"),
        "shop_found": _("The shop stands in the register now"),
        "known_again": _("The commercial register knows the licence again"),
        "register_is_wrong": _("Error in the commercial register"),
        "spelling_only": _("Spelling only"),
        "request_under_way": _("Decided by a request under way"),
        "no_public_shop": _("No shop under the Municipality"),
        "seen_on_the_spot": _("Found otherwise on the spot"),
    }
)
admin.site.add_pages(
    [
        path("commercial/", pages.work_list, name="commercial"),
        path("commercial/<slug:public_id>/", pages.difference, name="commercial_difference"),
    ],
    home=pages.home_part,
)
