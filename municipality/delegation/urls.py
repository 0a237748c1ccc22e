"""URLs of delegation and assistance, under the language."""

from django.urls import path

from municipality.delegation.views import counter, delegations

app_name = "delegation"
urlpatterns = [
    path("delegations/", delegations.mine, name="mine"),
    path("delegations/give/", delegations.give, name="give"),
    path("delegations/consents/<slug:public_id>/withdraw/", delegations.withdraw_consent, name="withdraw_consent"),
    path("delegations/<slug:public_id>/", delegations.one, name="one"),
    path("delegations/<slug:public_id>/<slug:move>/", delegations.act, name="act"),
    path("organisations/<slug:public_id>/", delegations.organisation, name="organisation"),
    path("organisations/<slug:public_id>/clerk/", delegations.add_clerk, name="add_clerk"),
    path("assist/", counter.start, name="assist"),
    path("assist/end/", counter.end, name="assist_end"),
    path("assist/<slug:public_id>/", counter.code, name="assist_code"),
]
