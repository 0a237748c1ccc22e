"""Fees of boards in words."""

from __future__ import annotations

from decimal import Decimal

from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from licensing.signage.fees import BoardFee
from municipality.ui.plurals import counted
from municipality.ui.templatetags.portal import kwd


def formula(fee: BoardFee) -> SafeString:
    """`KD 5.000 × 4.80 m² × 2 faces × 1 year`."""
    board, rate = fee.board, fee.rate
    period = counted(fee.periods, rate.period)
    parts = []
    if rate.rate_fils:
        area = format_html('<bdi dir="ltr">{}</bdi>\u00a0{}', number_format(Decimal(board.area_cm2) / 10_000, 2), _("m²"))
        parts.append([kwd(rate.rate_fils), area, counted(board.faces, "face"), period])
    if rate.flat_fils:
        parts.append([kwd(rate.flat_fils), counted(board.pieces, "piece"), period])
    return format_html_join(" + ", "{}", ((format_html_join(" × ", "{}", ((one,) for one in part)),) for part in parts))
