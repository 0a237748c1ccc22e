"""The only address of the host for files; the portal has it too while there is no such host."""

from django.urls import path

from municipality.uploads.views import serving

urlpatterns = [path("files/<str:token>", serving.file, name="upload_file")]

handler400 = handler404 = handler403 = serving.nothing
handler500 = serving.broken
