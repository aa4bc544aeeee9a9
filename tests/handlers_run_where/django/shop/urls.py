from django.urls import include, path, re_path
from quotes import views
from quotes.api import api
from quotes.sets import router

urlpatterns = [
    path("plain", views.plain),
    re_path(r"^coroutine$", views.coroutine),
    path("class", views.Class.as_view()),
    path("class-async", views.ClassAsync.as_view()),
    path("inside/", include("quotes.urls")),
    path("drf", views.Drf.as_view()),
    path("drf-function", views.drf_function),
    path("adrf", views.Adrf.as_view()),
    path("", include(router.urls)),
    path("api/", api.urls),
    path("fails", views.fails),
    path("streams", views.streams),
    path("streams-plain", views.streams_plain),
    path("tells", views.tells),
]
