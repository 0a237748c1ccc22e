"""Who acted, for staff who may read it: of staff the name and the sign-in name, of anybody else the key."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.utils.html import format_html
from django.utils.safestring import SafeString

from municipality.kernel import request_cache
from municipality.ui.code_labels import label_of
from municipality.ui.templatetags.portal import bilingual, term


def _staff() -> dict[str, Any]:
    users = get_user_model()._default_manager.filter(is_staff=True).only("public_id", "login", "name_ar", "name_en", "is_staff")
    return {f"staff:{user.public_id}": user for user in users}  # type: ignore[attr-defined]


def name_of_actor(role: str, key: str) -> SafeString | str:
    """The role of an actor and who it is: `Officer Sara Al-Ahmad (officer)`. People stay a key; one query in a request with staff."""
    if key.startswith("system:"):
        return label_of("system")
    user = request_cache.get_or_set("ui.staff_names", _staff).get(key) if key.startswith("staff:") else None
    if user is None:
        return label_of(role, key)
    return format_html('{} {} (<bdi dir="ltr">{}</bdi>)', label_of(role), term(bilingual(user, "name")), user.login)
