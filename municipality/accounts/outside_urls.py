"""URLs without a language prefix. allauth needs the names `account_…` and `mfa_…`; its own pages are not included."""

from django.urls import path

from municipality.accounts.views import callback, openid, passkeys, staff, staff_key

urlpatterns = [
    path("staff/sign-in/", staff.staff_sign_in, name="account_login"),
    path("staff/sign-in/code/", staff.second_factor, name="mfa_authenticate"),
    path("staff/sign-in/passkey/", passkeys.staff_sign_in, name="staff_passkey"),
    path("staff/key/", staff_key.staff_key, name="staff_key"),
    path("staff/sign-in/closed/", staff.inactive, name="account_inactive"),
    path("accounts/mobile-id/callback", callback.mobile_id_callback, name="mobile_id_callback"),
    path("accounts/openid/callback", openid.callback, name="openid_callback"),
]
