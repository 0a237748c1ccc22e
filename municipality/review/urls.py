from django.urls import path

from municipality.review.views import public

app_name = "review"

urlpatterns = [path("queue/", public.queue, name="queue")]
