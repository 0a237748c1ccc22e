from django.urls import path

from municipality.uploads.views import pages, resumable

app_name = "uploads"

urlpatterns = [
    path("uploads/file/<str:public_id>/", resumable.resource, name="resource"),
    path("uploads/file/<str:public_id>/look/", pages.look, name="look"),
    path("uploads/file/<str:public_id>/save/", pages.save, name="save"),
    path("uploads/file/<str:public_id>/remove/", pages.remove, name="remove"),
    path("uploads/file/<str:public_id>/replace/", pages.replace, name="replace"),
    path("uploads/<str:subject>/<str:slot>/", pages.slot, name="slot"),
    path("uploads/<str:subject>/<str:slot>/list/", pages.listing, name="list"),
    path("uploads/<str:subject>/<str:slot>/files/", resumable.create, name="create"),
]
