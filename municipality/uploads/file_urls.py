"""The URLs of the host for files; the portal has them too."""

from django.urls import path

from municipality.uploads.views import serving

urlpatterns = [path("files/<str:token>", serving.file, name="upload_file")]

handler400 = handler404 = handler403 = serving.not_found
handler500 = serving.server_error
