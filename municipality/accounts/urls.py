"""URLs of sign-in and profile, with a language prefix."""

from django.urls import path

from municipality.accounts.views import openid, passkeys, profile, sessions, sign_in

app_name = "accounts"

urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-in/passkey/", passkeys.sign_in, name="passkey_sign_in"),
    path("sign-in/provider/", openid.start, name="openid_start"),
    path("sign-in/again/", passkeys.sign_in_again, name="sign_in_again"),
    path("sign-in/waiting/", sign_in.waiting, name="waiting"),
    path("sign-in/status/", sign_in.status, name="status"),
    path("sign-in/finish/", sign_in.finish, name="finish"),
    path("sign-in/demo/start/", sign_in.demo_start, name="demo_start"),
    path("sign-in/demo/answer/", sign_in.demo_answer, name="demo_answer"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("profile/", profile.profile, name="profile"),
    path("profile/language/", profile.language, name="language"),
    path("profile/sessions/", sessions.sessions, name="sessions"),
    path("profile/sessions/end-others/", sessions.end_other_sessions, name="end_other_sessions"),
    path("profile/sessions/<int:session_id>/end/", sessions.end_session, name="end_session"),
    path("profile/passkeys/", passkeys.listing, name="passkeys"),
    path("profile/passkeys/add/", passkeys.add, name="passkey_add"),
    path("profile/passkeys/<int:key_id>/name/", passkeys.rename, name="passkey_name"),
    path("profile/passkeys/<int:key_id>/remove/", passkeys.remove, name="passkey_remove"),
    path("profile/looks/", profile.access_log, name="access_log"),
    path("profile/<str:name>/", profile.contact, name="contact"),
    path("profile/<str:name>/confirm/", profile.confirm, name="confirm"),
]
