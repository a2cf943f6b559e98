from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from oobsite.accounts.forms import OwnerForm
from oobsite.accounts.setup import create_owner, has_owner, is_valid_token, take_token


@never_cache
@require_http_methods(["GET", "POST"])
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    """Make the first user by the link that ``manage.py setuplink`` printed."""
    data_dir = Path(settings.OOB_DATA_DIR)
    form = OwnerForm(request.POST or None)
    if not is_valid_token(data_dir, token, timezone.now()):
        return render(request, "accounts/setup_refused.html", {"has_owner": has_owner()}, status=404)
    if not form.is_valid():
        return render(request, "accounts/setup.html", {"form": form})
    if not take_token(data_dir):
        return render(request, "accounts/setup_refused.html", {"has_owner": True}, status=404)
    form.instance.language = get_language() or settings.LANGUAGE_CODE
    login(request, create_owner(form.save(commit=False)))
    return redirect("admin:index")
