from django.urls import path

from municipality.notifications import views

app_name = "notifications"

urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("<str:public_id>/", views.message, name="message"),
]
