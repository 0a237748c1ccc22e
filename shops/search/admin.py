"""Labels of the codes of the search in the admin."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes(
    {
        "shops.index_missing": _("Make new shops findable"),
        "shops.recount_words": _("Count the words of the shop search"),
        "shops.note_ended_licences": _("Note ended licences in the shop search"),
    }
)
