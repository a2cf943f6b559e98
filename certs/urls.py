from django.urls import path

from certs import download_views, views

app_name = "certs"

urlpatterns = [
    path("root.<slug:form>", download_views.root, name="root"),
    path("root/", download_views.root_page, name="root-page"),
    path("expiries/new/", views.calendar_new, name="calendar-new"),
    path("expiries/<str:token>.ics", download_views.expiries, name="expiries"),
    path("former/<int:pk>.<slug:form>", download_views.former_root, name="former-root"),
    path("former/renew/", views.renew_former, name="former-renew"),
    path("devices/", views.devices, name="devices"),
    path("authority/", views.authority, name="authority"),
    path("new/", views.new, name="new"),
    path("install/", views.install, name="install"),
    path("put-back/", views.put_back, name="put-back"),
    path("<int:pk>/renew/", views.renew, name="renew"),
    path("<int:pk>/check/", views.check, name="check"),
    path("<int:pk>/generations/<int:number>/back/", views.generation_back, name="generation-back"),
    path("<int:pk>/generations/<int:number>/again/", views.generation_again, name="generation-again"),
    path("<int:pk>/download.<slug:form>", download_views.download, name="download"),
    path("<int:pk>/snippets/<slug:proxy>/", download_views.snippet, name="snippet"),
    path("<int:pk>/key/", download_views.key, name="key"),
    path("<int:pk>/remove/", views.remove, name="remove"),
]
