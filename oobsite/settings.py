"""All settings; the only reader of the environment. README.md describes each variable."""

from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from oobsite.env import Environment
from oobsite.errors import SettingError
from oobsite.keys import load_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

# --- where things are -------------------------------------------------------------------------------------
OOB_DATA_DIR = env.folder("OOB_DATA_DIR", BASE_DIR / "data")
OOB_BACKUP_DIR = env.folder("OOB_BACKUP_DIR", Path("/backup"))
OOB_WORK_DIR = env.folder("OOB_WORK_DIR", OOB_DATA_DIR / "work")
OOB_SOURCES_DIR = env.folder("OOB_SOURCES_DIR", Path("/mnt"))
OOB_PRACTICE_NAME = env.text("OOB_PRACTICE_NAME")
OOB_URL = env.url("OOB_URL", "http://localhost:8000")

# --- the practice's MariaDB, with the predecessor's names ---------------------------------------------------
DBHOST = env.text("DBHOST", "elexisdb")
DBPORT = env.number("DBPORT", 3306, minimum=1, maximum=65535)
DBNAME = env.text("DBNAME", "elexisoob")
DBUSER = env.text("DBUSER", "elexisuser")
DBPWD = env.secret("DBPWD")
OOB_DBSOCKET = env.text("OOB_DBSOCKET")
OOB_BACKUP_DBUSER = env.text("OOB_BACKUP_DBUSER", DBUSER)
OOB_BACKUP_DBPWD = env.secret("OOB_BACKUP_DBPWD", DBPWD)

# --- how backups are made -----------------------------------------------------------------------------------
OOB_KEEP_GENERATIONS = env.number("OOB_KEEP_GENERATIONS", 10, minimum=1, maximum=10_000)
OOB_MARIADB_BACKUP = env.text("OOB_MARIADB_BACKUP", "mariadb-backup")
OOB_BACKUP_TIMEOUT_HOURS = env.number("OOB_BACKUP_TIMEOUT_HOURS", 12, minimum=1, maximum=240)
OOB_COMPRESSION_THREADS = env.number("OOB_COMPRESSION_THREADS", 2, minimum=1, maximum=32)
OOB_PROOF_UID = env.number("OOB_PROOF_UID", 64_990, minimum=1, maximum=2**31 - 2)

# --- Django -------------------------------------------------------------------------------------------------
DEBUG = env.flag("OOB_DEBUG", False)
SECRET_KEY = load_secret_key(OOB_DATA_DIR)
ALLOWED_HOSTS = [urlsplit(OOB_URL).hostname or "localhost", "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [OOB_URL]

INSTALLED_APPS = [
    "oobsite.apps.OobsiteConfig",
    "oobsite.apps.OobAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_q",
    "oobsite.accounts",
    "backups",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "oobsite.accounts.middleware.UserLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "oobsite.urls"
WSGI_APPLICATION = "oobsite.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# --- own database: SQLite in the data folder, or what OOB_DATABASE_URL names --------------------------------
_SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
}
_database_url = env.secret("OOB_DATABASE_URL")
try:
    _database = dj_database_url.parse(_database_url) if _database_url else {}
except ValueError as error:
    raise SettingError(f"OOB_DATABASE_URL: {error}") from error
DATABASES = {
    "default": _database
    or {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(OOB_DATA_DIR / "oobsite.sqlite3"),
        "OPTIONS": _SQLITE_OPTIONS,
    }
}
# django-q2's index is longer than MariaDB likes; it works all the same.
SILENCED_SYSTEM_CHECKS = ["models.W037"]

# --- jobs ---------------------------------------------------------------------------------------------------
_DAY = 86_400
Q_CLUSTER = {
    "name": "oobsite",
    "orm": "default",
    "workers": 1,
    "bulk": 1,
    "poll": 1,
    "timeout": 7 * _DAY,  # longest job < timeout < retry
    "retry": 8 * _DAY,
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "label": "Jobs",
}

# --- language and time --------------------------------------------------------------------------------------
LANGUAGES = [("de", _("German")), ("en", _("English"))]
LANGUAGE_CODE = env.choice("OOB_LANGUAGE", "de", ("de", "en"))
LOCALE_PATHS = [BASE_DIR / "oobsite" / "locale"]
TIME_ZONE = env.time_zone("OOB_TIME_ZONE", "Europe/Zurich")
USE_TZ = True
FORMAT_MODULE_PATH = ["oobsite.formats"]

# --- static files and headers -------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = OOB_DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
if OOB_URL.startswith("https://"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
