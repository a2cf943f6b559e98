from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render

from backups.messages import error_sentence
from oobsite.accounts.errors import NotAllowedError
from oobsite.errors import OobError

logger = logging.getLogger(__name__)


class ErrorPageMiddleware:
    """An error of ours that no door has turned into a message becomes a page with its sentence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        return _not_allowed_page(request, response) if isinstance(response, HttpResponseNotAllowed) else response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, OobError):
            return None
        logger.error("%s: %s", request.path, exception)
        status = 403 if isinstance(exception, NotAllowedError) else 503
        return render(request, "error.html", {"sentence": error_sentence(exception)}, status=status)


def _not_allowed_page(request: HttpRequest, refusal: HttpResponseNotAllowed) -> HttpResponse:
    """Somebody has typed or reloaded the address of a button."""
    page = render(request, "405.html", status=405)
    page["Allow"] = refusal["Allow"]
    return page


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form from before the session ended, or from before somebody logged in anew in another tab."""
    logger.warning("%s: %s", request.path, reason)
    return render(request, "403_csrf.html", status=403)
