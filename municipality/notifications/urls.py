from django.urls import path

from municipality.notifications import views

app_name = "notifications"

urlpatterns = [
    path("messages/", views.inbox, name="inbox"),
    path("messages/check/", views.check, name="check"),
    path("messages/channels/", views.channels, name="channels"),
    path("messages/<str:public_id>/", views.message, name="message"),
]
