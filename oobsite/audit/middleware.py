from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from oobsite.audit.acting import acting, requester


class AuditMiddleware:
    """Whatever a request changes is the act of its user; stands after the authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with acting(lambda: requester(request)):
            return self.get_response(request)
