"""What legal notices of several services are about, as the page of the preferences lists them (`MessageKind.legal`)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

CORRECTIONS = _("requests for corrections")
REFUSALS = _("refusals")
LAPSED = _("requests that were closed because a last day passed")
OBJECTIONS = _("results of objections and appeals")
TAKEN_BACK = _("payments that the bank took back")
