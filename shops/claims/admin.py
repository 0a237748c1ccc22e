"""Labels of the codes of claims in the admin."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes(
    {
        "claim.disputed": _("Claim of a shop disputed"),
        "claim.heard_again": _("New holder told of a claim to the shop"),
        "skill.claims": _("Claims of shops"),
        "shops.settle_claims": _("Settle claims of shops"),
        "shops.claim_sent": _("Claim of a shop sent"),
        "shops.claim_granted": _("Claim of a shop granted"),
        "shops.claim_approved": _("Claim of a shop approved"),
        "holder_changes": _("The holder changes"),
        "shops.shop_claimed": _("Shop claimed by another person"),
        "shops.claim_corrected": _("Corrections of a claim of a shop sent, its holder told"),
        "shops.claim_disputed": _("Claim of a shop disputed by its holder"),
        "shops.claim_decided": _("Claim of a shop decided"),
        "shops.claim_lapsed": _("Claim of a shop closed without an answer"),
        "shops.claim_refusal_ready": _("Sealed refusal of a claim is ready"),
        "shops.refusal_document": _("Render the refusal of a claim"),
        "case.match": _("Claim matched with the register"),
        "case.settle": _("Claim settled without a dispute"),
        "case.dispute": _("Claim disputed and frozen"),
        "case.object": _("Claim disputed while it is studied"),
        "case.object_meanwhile": _("Claim disputed during its corrections"),
    }
)
