from django.urls import path

from oobsite.accounts import views

app_name = "accounts"

urlpatterns = [
    path("<str:token>/", views.set_up, name="setup"),
]
