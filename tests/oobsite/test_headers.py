"""What every page says to the browser, and what an https address switches on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOW = """
import json, django; django.setup()
from django.conf import settings
names = ["SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
         "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "CSRF_TRUSTED_ORIGINS", "SESSION_COOKIE_HTTPONLY"]
print(json.dumps({name: getattr(settings, name) for name in names}))
"""


def run_python(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("OOB_", "DB", "DJANGO_"))}
    environment = clean | {"OOB_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "oobsite.settings"} | variables
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)


HTTPS = {"OOB_URL": "https://oobsite.nuno", "OOB_TRUSTED_PROXIES": "172.18.0.0/16, ::1"}


@pytest.mark.parametrize("path", ["/login/", "/no/such/page/", "/health/", "/setup/nonsense/"])
@pytest.mark.django_db
def test_headers_of_every_answer(path, client, pages):
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in headers["Permissions-Policy"]


def test_an_https_address_switches_on_what_protects_it(tmp_path):
    shown = json.loads(run_python(tmp_path, "-c", SHOW, **HTTPS).stdout)
    assert shown == {
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 86_400,
        "CSRF_TRUSTED_ORIGINS": ["https://oobsite.nuno"],
        "SESSION_COOKIE_HTTPONLY": True,
    }


BY_HTTP = """
from django.conf import settings
from django.middleware.security import SecurityMiddleware
from django.test import RequestFactory
middleware = SecurityMiddleware(lambda request: None)
asked = ("/certs/root.crt", "/certs/root/", "/static/a.css", "/health/", "/", "/certs/devices/", "/certs/root/../../")
request = RequestFactory(headers={"host": "oobsite.nuno"})
print([path for path in asked if middleware.process_request(request.get(path)) is None])
"""


def test_devices_that_do_not_trust_us_yet_get_the_root_by_http_and_nothing_else(tmp_path):
    shown = run_python(tmp_path, "-c", BY_HTTP, **HTTPS).stdout
    assert shown == "['/certs/root.crt', '/certs/root/', '/static/a.css', '/health/']\n"


def test_a_plain_address_works_without_them(tmp_path):
    shown = json.loads(run_python(tmp_path, "-c", SHOW, OOB_URL="http://oobsite.nuno:3000").stdout)
    assert shown["SESSION_COOKIE_NAME"] == "sessionid"
    assert not shown["SECURE_SSL_REDIRECT"]
    assert not shown["SESSION_COOKIE_SECURE"]


def test_the_deployment_check_is_clean(tmp_path):
    ended = run_python(tmp_path, "-W", "error", "manage.py", "check", "--deploy", "--fail-level", "WARNING", **HTTPS)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_https_without_a_proxy_is_refused_with_a_sentence(tmp_path):
    ended = run_python(tmp_path, "manage.py", "check", OOB_URL="https://oobsite.nuno")
    assert ended.returncode != 0
    assert "OOB_TRUSTED_PROXIES" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.django_db
def test_https_requests_reach_the_site_through_the_proxy_only(client, settings, pages):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^health/$"]
    answer = client.get("/login/", headers={"x-forwarded-proto": "https"})
    assert (answer.status_code, answer.url) == (301, "https://testserver/login/")
    assert client.get("/health/").text == "ok"
