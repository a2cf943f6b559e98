"""All settings; the only reader of the environment. README.md describes each variable."""

from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from oobsite.cronjobs import make_prefix
from oobsite.env import Environment
from oobsite.errors import SettingError
from oobsite.startkeys import load_keys

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

# --- where things are -------------------------------------------------------------------------------------
OOB_DATA_DIR = env.folder("OOB_DATA_DIR", BASE_DIR / "data")
OOB_BACKUP_DIR = env.folder("OOB_BACKUP_DIR", Path("/backup"))
OOB_WORK_DIR = env.folder("OOB_WORK_DIR", OOB_DATA_DIR / "work")
OOB_SQL_DIR = env.folder("OOB_SQL_DIR", OOB_DATA_DIR / "sql")
OOB_SOURCES_DIR = env.folder("OOB_SOURCES_DIR", Path("/mnt"))
OOB_CERTS_DIR = env.folder("OOB_CERTS_DIR", OOB_SOURCES_DIR / "webelexisdata" / "certs")
OOB_TRAEFIK_DIR = env.folder("OOB_TRAEFIK_DIR", OOB_CERTS_DIR.parent / "traefik")
OOB_SERVED_CERTS_DIR = env.text("OOB_SERVED_CERTS_DIR")
OOB_PROXY_CERTS_DIR = env.folder("OOB_PROXY_CERTS_DIR", Path("/mnt/certs"))
OOB_WEBELEXIS_DIR = env.folder("OOB_WEBELEXIS_DIR", OOB_SOURCES_DIR / "webelexisdata")
OOB_WEBELEXIS_VERSION = env.choice("OOB_WEBELEXIS_VERSION", "", ("", "3.5", "3.7"))
OOB_WEBELEXIS_CONTAINER = env.text("OOB_WEBELEXIS_CONTAINER")
OOB_WEBELEXIS_URL = env.url("OOB_WEBELEXIS_URL", "http://webelexis:3030")
OOB_SELFSERVICE_URL = env.url("OOB_SELFSERVICE_URL", "http://webelexis:4040")
OOB_PRACTICE_NAME = env.text("OOB_PRACTICE_NAME")
OOB_URL = env.url("OOB_URL", "http://localhost:8000")
OOB_TRUSTED_PROXIES = env.proxies("OOB_TRUSTED_PROXIES", OOB_URL)

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
OOB_STOP_GRACE_SECONDS = env.number("OOB_STOP_GRACE_SECONDS", 600, minimum=0, maximum=86_400)
OOB_COMPRESSION_THREADS = env.number("OOB_COMPRESSION_THREADS", 2, minimum=1, maximum=32)
OOB_VERIFY_WINDOW = env.window("OOB_VERIFY_WINDOW", "01:00-05:00")
OOB_PROOF_UID = env.number("OOB_PROOF_UID", 64_990, minimum=1, maximum=2**31 - 2)

# --- how restores are made ----------------------------------------------------------------------------------
OOB_KEEP_OLD_HOURS = env.number("OOB_KEEP_OLD_HOURS", 24, minimum=1, maximum=24 * 31)
OOB_DB_START_COMMAND = env.command("OOB_DB_START_COMMAND")
OOB_DB_STOP_COMMAND = env.command("OOB_DB_STOP_COMMAND")
OOB_RESTORE_STOP = env.names("OOB_RESTORE_STOP")
OOB_DOCKER_URL = env.text("OOB_DOCKER_URL", "tcp://dockerproxy:2375")
OOB_UPLOAD_MAX_GB = env.number("OOB_UPLOAD_MAX_GB", 50, minimum=1, maximum=10_000)

# --- how people are told ------------------------------------------------------------------------------------
OOB_SMTP_HOST = env.text("OOB_SMTP_HOST")
OOB_SMTP_PORT = env.number("OOB_SMTP_PORT", 0, maximum=65535)  # 0: the usual one of the encryption
OOB_SMTP_SECURITY = env.choice("OOB_SMTP_SECURITY", "starttls", ("starttls", "tls", "none"))
OOB_SMTP_USER = env.text("OOB_SMTP_USER")
OOB_SMTP_PASSWORD = env.secret("OOB_SMTP_PASSWORD")
OOB_SMTP_FROM = env.text("OOB_SMTP_FROM")

# --- Django -------------------------------------------------------------------------------------------------
DEBUG = env.flag("OOB_DEBUG", False)
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
    "django_crontab",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "auditlog",
    "oobsite.accounts",
    "oobsite.audit",
    "oobsite.alerts",
    "backups",
    "certs",
    "selfservice",
]
MIDDLEWARE = [
    "oobsite.proxies.TrustedProxiesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "oobsite.headers.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "oobsite.accounts.middleware.UserLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "oobsite.accounts.middleware.SessionEndMiddleware",
    "oobsite.accounts.middleware.SecondFactorMiddleware",
    "oobsite.audit.middleware.AuditMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "oobsite.errorpages.ErrorPageMiddleware",
]
FILE_UPLOAD_HANDLERS = ["certs.uploads.CutOffUploadHandler"]  # SQL files come by a protocol of their own
ROOT_URLCONF = "oobsite.urls"
WSGI_APPLICATION = "oobsite.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
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

# --- login: name and password, then a code of the phone -----------------------------------------------------
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
AUTHENTICATION_BACKENDS = ["oobsite.accounts.backends.UserNameBackend"]
PASSWORD_HASHERS = [f"django.contrib.auth.hashers.{name}PasswordHasher" for name in ("Argon2", "PBKDF2", "PBKDF2SHA1")]
# Who may do harm needs a second factor; so many hours after he was added he may still work without one.
OOB_SECOND_FACTOR_GRACE_HOURS = env.number("OOB_SECOND_FACTOR_GRACE_HOURS", 0, maximum=24 * 31)
# Failed logins and used codes are counted for all processes together. Many entries, so that nobody drives them out.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "oobsite_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
ACCOUNT_ADAPTER = "oobsite.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 5 * 60
# Failures are counted in accounts/lockout.py.
ACCOUNT_RATE_LIMITS = {"login_failed": None, "change_password": None, "login": "60/m/ip"}
ACCOUNT_FORMS = {
    "login": "oobsite.accounts.forms.LoginForm",
    "reauthenticate": "oobsite.accounts.forms.ReauthenticateForm",
    "change_password": "oobsite.accounts.forms.ChangePasswordForm",
}
MFA_ADAPTER = "oobsite.accounts.adapter.MfaAdapter"
MFA_FORMS = {
    "authenticate": "oobsite.accounts.forms.AuthenticateForm",
    "reauthenticate": "oobsite.accounts.forms.ReauthenticateCodeForm",
    "activate_totp": "oobsite.accounts.forms.ActivateTotpForm",
}
MFA_TOTP_ISSUER = OOB_PRACTICE_NAME or "oobsite"
MFA_TOTP_TOLERANCE = 1  # clocks of phones differ, and people type slowly
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody's address is verified here
USERSESSIONS_TRACK_ACTIVITY = True

# --- own database: SQLite in the data folder, or what OOB_DATABASE_URL names --------------------------------
_SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    # FULL: what is committed survives a power loss, or the audit would take its last events for removed ones.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
}
_database_url = env.secret("OOB_DATABASE_URL")
try:
    _database = dj_database_url.parse(_database_url) if _database_url else {}
except ValueError:  # its text may quote the password
    sentence = env.gettext("OOB_DATABASE_URL is no address of a database such as mysql://user:password@host/name.")
    raise SettingError(sentence) from None
DATABASES = {
    "default": _database
    or {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(OOB_DATA_DIR / "oobsite.sqlite3"),
        "OPTIONS": _SQLITE_OPTIONS,
    }
}
# --- keys: secret.key and field.keys in the data folder, which must be there when the database is ----------------
SECRET_KEY = load_keys(OOB_DATA_DIR, DATABASES["default"], env.gettext)
DEFAULT_EXCEPTION_REPORTER_FILTER = "oobsite.reports.SecretFilter"

# django-q2's index is longer than MariaDB likes; it works all the same. Preloading HSTS is for public domains.
SILENCED_SYSTEM_CHECKS = ["models.W037", "security.W021"]

# --- jobs ---------------------------------------------------------------------------------------------------
_DAY = 86_400
# Two queues, so that a backup of six hours delays nobody who waits for a page: `quick` for what takes seconds, `heavy`
# for runs, one after the other. Every task and every Schedule names its cluster. `manage.py worker` serves both.
Q_CLUSTER = {
    "name": "oobsite",
    "cluster_name": "quick",
    "orm": "default",
    "workers": 2,
    "bulk": 1,
    "poll": 0.5,
    "timeout": 10 * 60,  # longest job < timeout < retry
    "retry": 20 * 60,
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "label": "Jobs",
    "cache": "process",  # its heartbeat would write to the database twice a second
    "ALT_CLUSTERS": {
        "heavy": {"workers": 1, "poll": 1, "timeout": 7 * _DAY, "retry": 8 * _DAY, "scheduler": False},
    },
}

# --- watchdog -----------------------------------------------------------------------------------------------
# By real cron, which needs nothing of the worker. `manage.py crontab add` writes the line and keeps our environment.
CRONJOBS = [("*/5 * * * *", "oobsite.watchdog.watch")]
CRONTAB_COMMENT = f"oobsite in {OOB_DATA_DIR}"
CRONTAB_DJANGO_MANAGE_PATH = str(BASE_DIR / "manage.py")
CRONTAB_COMMAND_PREFIX = make_prefix(OOB_DATA_DIR)

# --- audit --------------------------------------------------------------------------------------------------
# Changes of rows come from auditlog, which writes nothing itself: see oobsite/audit/changes.py.
AUDITLOG_MASK_CALLABLE = "oobsite.audit.secrecy.mask"
AUDITLOG_DISABLE_ON_RAW_SAVE = True
USERSESSIONS_ADAPTER = "oobsite.audit.sessions.SessionsAdapter"

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
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "oobsite.errorpages.csrf_failure"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
if OOB_URL.startswith("https://"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    # Asked by the container itself; fetched by devices that do not trust our certificate yet.
    SECURE_REDIRECT_EXEMPT = [r"^health/$", r"^certs/root(/|\.\w+)$", r"^static/"]
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    # One day: a longer one locks the practice out when the certificate has run out that is renewed here.
    SECURE_HSTS_SECONDS = _DAY
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
