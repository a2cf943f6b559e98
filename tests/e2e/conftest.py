"""A real Chromium against a live server."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import override_settings
from playwright.sync_api import expect
from waiting import PATIENCE_SECONDS

from tests.people import PASSWORD, code

NARROW = {"width": 390, "height": 800}

CHROMIUM = "/usr/bin/chromium"
PATIENCE = PATIENCE_SECONDS * 1000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session", autouse=True)
def allow_database_beside_the_browser():
    """Playwright's loop runs in this thread, and Django takes that for an asynchronous caller."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is missing: .ci/packages installs it")
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": ["--no-sandbox"], "timeout": PATIENCE}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "locale": "de-CH", "viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def context(context):
    context.set_default_timeout(PATIENCE)
    return context


@pytest.fixture(scope="session", autouse=True)
def plain_static_files(tmp_path_factory):
    """The manifest of the static files exists only after collectstatic. The live server starts once, so does this."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    storages = {**settings.STORAGES, "staticfiles": plain}
    with override_settings(STORAGES=storages, STATIC_ROOT=tmp_path_factory.mktemp("static")):
        yield


@pytest.fixture(autouse=True)
def backup_folder(settings, tmp_path):
    settings.OOB_BACKUP_DIR = tmp_path


@pytest.fixture(autouse=True)
def empty_cache(transactional_db):
    """The cache's table has no model, so nothing empties it between the tests."""
    cache.clear()


@pytest.fixture
def complaints(page):
    """What the browser complains of: violations of the policy, missing files, errors of scripts."""
    found = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("response", lambda answer: found.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    return found


def log_in(page, live_server, user):
    """The whole login of ``user``, as he does it."""
    page.goto(f"{live_server.url}/")
    page.fill("[name=login]", user.username)
    page.fill("[name=password]", PASSWORD)
    page.click("#login-form button")
    page.fill("[name=code]", code(user))
    page.click("#code-form button")
    page.wait_for_url(f"{live_server.url}/")


def picture(screen, name):
    """For whoever wants to look at them: ``PICTURES_DIR`` names a folder."""
    if folder := os.environ.get("PICTURES_DIR"):
        wide = screen.viewport_size
        for label, size, scheme in (("dark", wide, "dark"), ("phone", NARROW, "light"), ("wide", wide, "light")):
            screen.set_viewport_size(size)
            screen.emulate_media(color_scheme=scheme)
            screen.screenshot(path=f"{folder}/{name}-{label}.png", full_page=True)
