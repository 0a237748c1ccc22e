"""Shops have no table in the admin: sheets, merges and events have pages of their own, and so has what the commercial register says
otherwise; claims are decided at the desk."""

from django.contrib import admin
from django.urls import path
from django.utils.translation import gettext_lazy as _

from municipality.accounts.proof import asks_again, steps
from municipality.imports import views
from municipality.ui.words import say
from shops.commercial import pages as commercial
from shops.office import corrections, happenings, imports, merging, pages

REGISTER = {"kind": "register"}
PAGES = [
    path("register/sheets/", views.files, REGISTER, name="register_files"),
    path("register/sheets/<slug:public_id>/", asks_again(views.file, acts=steps("release", "go_on")), REGISTER, name="register_file"),
    path("register/sheets/<slug:public_id>/problems.csv", views.problems, REGISTER, name="register_problems"),
    path("register/sheets/<slug:public_id>/absent.csv", imports.absent, name="register_absent"),
    path("register/merges/", merging.merges, name="register_merges"),
    path("register/merges/<slug:public_id>/", merging.merge, name="register_merge"),
    path("register/corrections/", corrections.corrections, name="register_corrections"),
    path("register/shops/", happenings.shops, name="register_shops"),
    path("register/shops/<slug:public_id>/", happenings.shop, name="register_shop"),
]
admin.site.add_pages(PAGES, home=pages.home_part)
say(
    {
        "shop.changed": _("Facts of a shop changed"),
        "claim.disputed": _("Claim of a shop disputed"),
        "register.taken_in": _("Owners taken in from the commercial register"),
        "shop.hours_stated": _("Opening hours of a shop stated"),
        "shop.transferred": _("Shop passed to another holder"),
        "holder": _("Holder of the shop"),
        "shops.settle_claims": _("Settle claims of shops"),
        "shops.index_missing": _("Make new shops findable"),
        "shops.recount_words": _("Count the words of the shop search"),
        "shops.note_ended_licences": _("Note ended licences in the shop search"),
        "register_clerk": _("Clerk of the register"),
        "register_keeper": _("Keeper of the register"),
        "register.loaded": _("Sheet of the register loaded"),
        "register.checked": _("Sheet of the register read"),
        "register.released": _("Sheet of the register released"),
        "register.refused": _("Sheet of the register put aside"),
        "register.stopped": _("Taking in of a sheet stopped"),
        "register.resumed": _("Taking in of a sheet goes on"),
        "register.taken": _("Lines of a sheet taken in"),
        "register.exported": _("Shops exported"),
        "register.corrected": _("Small corrections of the register"),
        "shop.merge_asked": _("Merge of two entries proposed"),
        "shop.merge_refused": _("Proposal about two entries dropped"),
        "shop.merged": _("Two entries became one"),
        "shop.split": _("One entry became two again"),
        "shop.event_asked": _("Event of a shop proposed"),
        "shop.event_refused": _("Proposed event of a shop dropped"),
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
        "shops.page_request_sent": _("Correction or reply of a shop page received"),
        "shops.page_corrected": _("Fact of a shop corrected on somebody’s word"),
        "reply.published": _("Reply on a shop page published"),
        "shops.number_changes": _("Number changes of the register for the public feed"),
        "shops.find_unmarked_changes": _("Compare the register with what was published"),
        "shops.compare_rest": _("Go on comparing the register with what was published"),
        "shops.open_data": _("Write the files of the open data"),
        "shops.follow_digests": _("Send the digests of what people follow"),
        "shops.followed_changed": _("What somebody follows changed"),
        "case.match": _("Claim matched with the register"),
        "case.settle": _("Claim settled without a dispute"),
        "case.dispute": _("Claim disputed and frozen"),
        "case.object": _("Claim disputed while it is studied"),
    }
)

say(
    {
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
admin.site.add_pages(
    [
        path("commercial/", commercial.work_list, name="commercial"),
        path("commercial/<slug:public_id>/", commercial.difference, name="commercial_difference"),
    ],
    home=commercial.home_part,
)
