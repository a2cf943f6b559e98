"""Entry point of gunicorn."""

import os
import sys

from django.core.wsgi import get_wsgi_application

from oobsite.errors import SettingError

os.umask(0o007)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oobsite.settings")
try:
    application = get_wsgi_application()
except SettingError as error:
    sys.exit(str(error))
