from django.urls import path

from selfservice import views

app_name = "selfservice"

urlpatterns = [
    path("preview/", views.preview, name="preview"),
    path("offers/", views.offers, name="offers"),
    path("state/", views.state, name="state"),
    path("change/", views.change, name="change"),
    path("write/", views.write, name="write"),
    path("take-over/", views.take_over, name="take-over"),
    path("keep/", views.keep, name="keep"),
    path("diff/", views.diff, name="diff"),
    path("versions/<int:number>/", views.version, name="version"),
    path("versions/<int:number>/back/", views.back, name="back"),
    path("mail/", views.mail, name="mail"),
    path("restart/", views.restart, name="restart"),
    path("check/", views.check, name="check"),
]
