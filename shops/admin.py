"""Shops have no table in the admin; their acts and those of claims are read in the record, the claims themselves at the desk."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.words import say

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
        "shops.number_changes": _("Number changes of the register for the public feed"),
        "shops.find_unmarked_changes": _("Compare the register with what was published"),
        "shops.open_data": _("Write the files of the open data"),
        "shops.follow_digests": _("Send the digests of what people follow"),
        "shops.followed_changed": _("What somebody follows changed"),
        "case.match": _("Claim matched with the register"),
        "case.settle": _("Claim settled without a dispute"),
        "case.dispute": _("Claim disputed and frozen"),
        "case.object": _("Claim disputed while it is studied"),
    }
)
