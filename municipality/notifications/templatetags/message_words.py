"""For message templates: the text of a row in the language that is being rendered."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import get_language

register = template.Library()


@register.filter
def words(row: Any, name: str) -> Any:
    """`{{ shop|words:"name" }}` is `shop.name_ar` in Arabic and `shop.name_en` in English."""
    return getattr(row, f"{name}_{'en' if (get_language() or 'ar').startswith('en') else 'ar'}")
