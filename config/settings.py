"""All settings, read from the environment (and from .env beside manage.py).

Every variable has its default here and a line in the README's table. A value that
cannot be understood stops the start with a message that names the variable.
"""

import os
from datetime import timedelta
from email.utils import formataddr
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import environment, mailers, queues
from config.admin_look import unfold_settings

BASE_DIR = Path(__file__).resolve().parent.parent
# The environment wins over the file; tests name another file, or they would run with yours.
environ.Env.read_env(os.environ.get("ENV_FILE") or BASE_DIR / ".env")

# What this installation keeps between runs: database, secret key, queue, mailbox.
VAR_DIR = Path(environment.text("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()

DEBUG = environment.boolean("DEBUG", default=False)
EMBEDDED = not os.environ.get("DATABASE_URL", "").strip()

# --- The publication -------------------------------------------------------------------

PUBLICATION_NAME = environment.text("PUBLICATION_NAME", default="Engineering @ Scale")
PUBLICATION_TAGLINE = environment.text(
    "PUBLICATION_TAGLINE", default="Short stories from engineering teams, the ones you chose."
)
# Laws on commercial mail (CAN-SPAM §7704(a)(5) among them) ask for a postal address.
POSTAL_ADDRESS = environment.text("POSTAL_ADDRESS", default="")
# Every link in a mail starts with this, never with a request's Host header.
PORT = environment.whole_number("PORT", default=8000, minimum=1, maximum=65_535)
BASE_URL = environment.base_url("BASE_URL", default=f"http://localhost:{PORT}")
BASE_HOST = urlsplit(BASE_URL).hostname or "localhost"
# List-Id, Message-ID and Feedback-ID are made under this domain.
MAIL_DOMAIN = environment.host_name("MAIL_DOMAIN", default=BASE_HOST)
# The fourth field of Feedback-ID; Google asks for 5 to 15 characters.
FEEDBACK_SENDER_ID = environment.matching(
    "FEEDBACK_SENDER_ID", r"[A-Za-z0-9-]{5,15}", default="broadsheet", example="the-news"
)
PUBLICATION_TIME_ZONE = environment.time_zone("PUBLICATION_TIME_ZONE", default="UTC")

# --- Secrets and hosts -----------------------------------------------------------------

if os.environ.get("SECRET_KEY", "").strip():
    SECRET_KEY = environment.text("SECRET_KEY", default="")
elif EMBEDDED:
    SECRET_KEY = environment.kept_secret(VAR_DIR / "secret_key")
else:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. With DATABASE_URL set, several machines may serve the same "
        "readers, and all need the same key. Make one with: "
        'python3 -c "import secrets; print(secrets.token_urlsafe(50))"'
    )
if "," in SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY holds a comma, which parts the keys in SECRET_KEY_FALLBACKS: once this one "
        "stands there, its links would be dead. Choose another."
    )
SECRET_KEY_FALLBACKS = environment.words("SECRET_KEY_FALLBACKS", default=[])

LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = environment.words(
    "ALLOWED_HOSTS", default=list(dict.fromkeys([BASE_HOST, *LOCAL_HOSTS]))
)
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS", default=[BASE_URL])

HTTPS = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = environment.whole_number(
    "HSTS_SECONDS", default=31_536_000 if HTTPS else 0, minimum=0, maximum=63_072_000
)
BEHIND_PROXY = environment.boolean("BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # other names under the domain are not ours to speak for
    "security.W008",  # the proxy that ends TLS redirects
    "security.W021",  # a browser's preload list is for the domain's owner to join
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
    # The admin's theme needs inline styles and eval; newsletter.admin sets its own policy.
    "EXCLUDE_URL_PREFIXES": ("/admin/",),
}

# --- The sign-up's gates ---------------------------------------------------------------

# A household or an office signs up a handful; who sends more of them waits an hour.
SIGN_UPS_PER_NETWORK = environment.whole_number(
    "SIGN_UPS_PER_NETWORK", default=30, minimum=1, maximum=1_000_000
)
# All of them together: more in an hour is no enthusiasm.
SIGN_UPS_PER_HOUR = environment.whole_number(
    "SIGN_UPS_PER_HOUR", default=1_000, minimum=1, maximum=10_000_000
)
# Nobody reads and fills in the form in less; a program does.
MIN_FORM_SECONDS = environment.whole_number("MIN_FORM_SECONDS", default=2, minimum=0, maximum=60)
# 0 is off. 16 is about a second of a phone's work; every bit doubles it.
PROOF_OF_WORK_BITS = environment.whole_number(
    "PROOF_OF_WORK_BITS", default=0, minimum=0, maximum=22
)
CHECK_MX = environment.boolean("CHECK_MX", default=True)
# How many proxies in front of us add their line to X-Forwarded-For; 0 takes no such line.
PROXIES = environment.whole_number(
    "PROXIES", default=1 if BEHIND_PROXY else 0, minimum=0, maximum=10
)

# --- Applications ----------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "anymail",
    "csp",
    "subscribers",
    "newsletter",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "subscribers.languages.LanguageMiddleware",
    # After those whose headers and language its pages need, before all that read a body.
    "config.limits.BodyLimit",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
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
                "subscribers.context.publication",
            ],
        },
    },
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

# --- Database --------------------------------------------------------------------------

# A writer on SQLite waits this long for another one before it gives up.
SQLITE_TIMEOUT_SECONDS = 30

DATABASES: dict[str, dict[str, Any]]
if EMBEDDED:
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": VAR_DIR / "broadsheet.sqlite3",
        }
    }
else:
    try:
        DATABASES = {"default": dict(environ.Env().db_url("DATABASE_URL"))}
    except (ValueError, environ.ImproperlyConfigured) as exc:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {exc}") from exc

DATABASE = DATABASES["default"]
if DATABASE.get("ENGINE") == "django.db.backends.sqlite3":
    DATABASE["OPTIONS"] = {
        # A transaction that means to write takes its lock at the start, so that it waits
        # there and never fails half-way with "database is locked".
        "transaction_mode": "IMMEDIATE",
        "timeout": SQLITE_TIMEOUT_SECONDS,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
elif DATABASE.get("ENGINE") == "django.db.backends.postgresql":
    from config import postgresql

    DATABASE["CONN_MAX_AGE"] = 0  # the pool keeps connections
    # After a restart of the server the pool's connections are dead, and must be noticed.
    DATABASE["CONN_HEALTH_CHECKS"] = True
    # A worker's thread keeps its connection while it talks to a mail server.
    most = environment.whole_number("DATABASE_POOL", default=16, minimum=1, maximum=1_000)
    pool: dict[str, Any] = {"min_size": 1, "max_size": most}
    DATABASE["OPTIONS"] = {
        "pool": pool,
        **postgresql.TIME_OUTS,
        **DATABASE.get("OPTIONS", {}),
    }
    # A pooler between us and the server that gives every transaction another connection
    # (PgBouncer without max_prepared_statements) knows nothing of statements kept on one.
    # Nor does what is set on one stay ours: there the role has to bring it (README).
    if environment.boolean("PREPARED_STATEMENTS", default=True):
        DATABASE["OPTIONS"].setdefault("prepare_threshold", 0)
        pool["connection_class"] = postgresql.Connection
else:
    raise ImproperlyConfigured(
        "DATABASE_URL names no database that Broadsheet knows. "
        "Use postgres://user:password@host/name or sqlite:////path/to/file."
    )

# --- E-mail ----------------------------------------------------------------------------

# The mailbox keeps every message on this machine, so nothing leaves before somebody says so.
MAILBOX_BACKEND = "newsletter.mailbox.MailboxBackend"
SMTP_BACKEND = "newsletter.transport.SmtpBackend"
# Confirmations go the ways that issues go, where there are several.
LETTERS_BACKEND = "newsletter.mailers.LettersBackend"
MAILBOX_DIR = VAR_DIR / "mailbox"

EMAIL_HOST = environment.text("EMAIL_HOST", default="")
EMAIL_TIMEOUT = environment.whole_number("EMAIL_TIMEOUT", default=30, minimum=1, maximum=600)
# Several ways out, in their order; without any there is one, "default", made of EMAIL_….
# Not called MAILERS here: later versions of Django mean something else by that setting.
OUTGOING_MAILERS = mailers.configured(
    mailers.House(SMTP_BACKEND, LETTERS_BACKEND, host=EMAIL_HOST, timeout=EMAIL_TIMEOUT)
)
MAILER_LIMITS = mailers.default_limits()
ONE_BACKEND = SMTP_BACKEND if EMAIL_HOST else MAILBOX_BACKEND
EMAIL_BACKEND = environment.class_path(
    "EMAIL_BACKEND", default=LETTERS_BACKEND if OUTGOING_MAILERS else ONE_BACKEND
)
if EMAIL_BACKEND == LETTERS_BACKEND and not OUTGOING_MAILERS:
    raise ImproperlyConfigured(
        f"EMAIL_BACKEND={EMAIL_BACKEND!r} hands mail to the mailers, and MAILERS names none."
    )
EMAIL_PORT = environment.whole_number("EMAIL_PORT", default=25, minimum=1, maximum=65_535)
EMAIL_HOST_USER = environment.text("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = environment.text("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = environment.boolean("EMAIL_USE_TLS", default=False)
EMAIL_USE_SSL = environment.boolean("EMAIL_USE_SSL", default=False)
if EMAIL_USE_TLS and EMAIL_USE_SSL:
    raise ImproperlyConfigured(
        "EMAIL_USE_TLS and EMAIL_USE_SSL are both on. Use SSL for port 465, TLS for 587."
    )
# RFC 5321 §4.5.3.2.6 gives a server 10 minutes after the final dot; shorter waits make
# messages doubtful that were accepted.
EMAIL_FINAL_TIMEOUT = environment.whole_number(
    "EMAIL_FINAL_TIMEOUT", default=300, minimum=1, maximum=600
)
DEFAULT_FROM_EMAIL = environment.mail_address(
    "DEFAULT_FROM_EMAIL", default=formataddr((PUBLICATION_NAME, f"digest@{MAIL_DOMAIN}"))
)
REPLY_TO = environment.mail_address("REPLY_TO", default="")
# Where bounces come back to: bounces@… makes every message's envelope sender bounces+…@….
# The local part is short, so that the token behind it fits RFC 5321's 64 octets.
BOUNCE_ADDRESS = environment.matching(
    "BOUNCE_ADDRESS",
    rf"([A-Za-z0-9][A-Za-z0-9._-]{{0,23}}@{environment.HOST})?",
    default="",
    example="bounces@news.example.org, with at most 24 characters before the @",
)
# The mailbox that bounces arrive in, where the mail server does not hand them to us.
BOUNCE_IMAP_HOST = environment.text("BOUNCE_IMAP_HOST", default="")
BOUNCE_IMAP_PORT = environment.whole_number(
    "BOUNCE_IMAP_PORT", default=993, minimum=1, maximum=65_535
)
BOUNCE_IMAP_USER = environment.text("BOUNCE_IMAP_USER", default="")
BOUNCE_IMAP_PASSWORD = environment.text("BOUNCE_IMAP_PASSWORD", default="")
BOUNCE_IMAP_FOLDER = environment.text("BOUNCE_IMAP_FOLDER", default="INBOX")
# An address that does not exist is known before its next issue; mailboxes bear a look so often.
FETCH_BOUNCES_SECONDS = 300
# Any ANYMAIL_… variable goes to Anymail as it is, so every provider can be set from outside.
ANYMAIL = {
    # Tags and switched-off tracking are wishes: a provider without them still sends.
    "IGNORE_UNSUPPORTED_FEATURES": True,
    # Seconds to connect, and to wait for an answer: at a time. In all a call has as long as a
    # message by SMTP (newsletter.transport.calling). Amazon SES goes through boto3, which knows
    # no time in all: only Celery's limit for tasks, where it has one, ends what drips there.
    "REQUESTS_TIMEOUT": (EMAIL_TIMEOUT, EMAIL_FINAL_TIMEOUT),
    **environment.prefixed("ANYMAIL_"),
}

# --- Celery ----------------------------------------------------------------------------

CELERY_BROKER_URL = environment.matching(
    "CELERY_BROKER_URL",
    # With no other broker was it tried how long a worker waits for one that went away.
    r"filesystem://|rediss?://.+",
    default="filesystem://",
    example="redis://localhost:6379/0, or filesystem:// for a folder in VAR_DIR",
)
# A pickled message could run anything in a worker.
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
# What became of a message stands in the ledger.
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_QUEUES = {name: {"exchange": name} for name in queues.QUEUES}
CELERY_TASK_DEFAULT_QUEUE = queues.BEAT
CELERY_TASK_ROUTES = queues.ROUTES
# Draining is idempotent, so a task that was cut off may run again.
CELERY_TASK_ACKS_LATE = True
# Without it a task whose pool process was killed is lost although it was not acknowledged.
CELERY_TASK_REJECT_ON_WORKER_LOST = True
# A worker takes no task that another one could begin at once.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Connecting, the greeting, TLS, logging in, envelope and content together; a server that needs
# longer for all of them is tried again later. One step alone may take EMAIL_TIMEOUT. Only
# the name's look-up is not counted: the system's resolver keeps its own time (resolv.conf).
SECONDS_BEFORE_THE_DOT = max(50, EMAIL_TIMEOUT)
# Half of it between an intent and the beginning of its message, the rest for taking leave.
SECONDS_TO_SPARE = 10
# The longest from the intent to the result. A drain is cut off only after more than that.
LONGEST_MESSAGE_SECONDS = SECONDS_BEFORE_THE_DOT + EMAIL_FINAL_TIMEOUT + SECONDS_TO_SPARE
# A drain goes on to new messages for this long.
DRAIN_SECONDS = 45
CELERY_TASK_TIME_LIMIT = DRAIN_SECONDS + LONGEST_MESSAGE_SECONDS + 30
# Each worker has a queue of its own besides, through which it asks itself whether tasks still
# arrive. One that hears nothing for so long ends; longer than all of its threads may be busy.
CELERY_WORKER_DIRECT = True
CELERY_WORKER_PATIENCE_SECONDS = environment.whole_number(
    "WORKER_PATIENCE_SECONDS", default=CELERY_TASK_TIME_LIMIT + 60, minimum=1, maximum=86_400
)
# SIGTERM is a warm shutdown: drains end after the message in hand (config.stopping), however
# long its server takes, so it is not remapped to SIGQUIT (REMAP_SIGTERM), which would cut the
# message off and leave it doubtful. Who does send SIGQUIT gives a message this long.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
# A pool's process is replaced after so many tasks: nothing that leaks grows for ever.
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A worker may be started before its broker.
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
if CELERY_BROKER_URL == "filesystem://":
    QUEUE_DIR = VAR_DIR / "queue"
    for folder in ("messages", "processed", "control"):
        (QUEUE_DIR / folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(QUEUE_DIR / "messages"),
        "data_folder_out": str(QUEUE_DIR / "messages"),
        "processed_folder": str(QUEUE_DIR / "processed"),
        "control_folder": str(QUEUE_DIR / "control"),
        "store_processed": False,
    }
elif CELERY_BROKER_URL.startswith(("redis://", "rediss://")):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        # After that Redis gives a task to another worker; later than its time limit.
        "visibility_timeout": CELERY_TASK_TIME_LIMIT + 60,
        # By default it looks for such tasks every 10 × 10 seconds; in a trial a task was back
        # 100 s late. Now every ten.
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        # A server that went away without a word is noticed, and connected to again.
        "socket_timeout": 10,
        "socket_keepalive": True,
        "health_check_interval": 25,
    }
# A tick that could not run for this long is dropped: the next one does its work.
TICK_SECONDS = environment.whole_number("TICK_SECONDS", default=60, minimum=1, maximum=3_600)
# The janitor comes twice as often: with leases of their default length, claimed rows are then
# back within three minutes and doubtful ones shown within seven, with half a minute to spare
# for a task that waits or a drain that is not over.
JANITOR_SECONDS = TICK_SECONDS / 2
# A worker that died with claimed rows keeps them from the others for this long.
CLAIM_LEASE_SECONDS = environment.whole_number(
    "CLAIM_LEASE_SECONDS", default=120, minimum=1, maximum=3_600
)
# One that died while it was sending: its message is called doubtful after this, and a minute
# for the janitor to come by: within seven minutes. No SMTP server can hold a message longer, and
# no provider over HTTP but Amazon SES; what a living worker that looked dead reports still
# settles.
INTENT_LEASE_SECONDS = environment.whole_number(
    "INTENT_LEASE_SECONDS",
    default=LONGEST_MESSAGE_SECONDS,
    minimum=EMAIL_FINAL_TIMEOUT,
    maximum=86_400,
)
# So many messages are recorded as about to leave, and so many results, in one commit. More
# spare a slow disk, and a worker that dies leaves as many doubtful: of 1, 5 and 20 a random
# kill left 0.9, 4 and 12 (PostgreSQL; SQLite 0.8, 4 and 8), where four workers sent 1,250,
# 1,420 and 1,850 a second (900, 1,640 and 1,570). One is the most that a fault may leave.
INTENTS_PER_COMMIT = environment.whole_number(
    "INTENTS_PER_COMMIT", default=1, minimum=1, maximum=20
)
# A message that could not be begun so long after its time is not sent any more. A day later
# the next daily is due, and two old ones on one morning are not news; a weekly keeps longer.
DAILY_DEADLINE_HOURS = environment.whole_number(
    "DAILY_DEADLINE_HOURS", default=24, minimum=1, maximum=8_760
)
WEEKLY_DEADLINE_HOURS = environment.whole_number(
    "WEEKLY_DEADLINE_HOURS", default=48, minimum=1, maximum=8_760
)
# Forgetting what is over waits for nobody.
HOUSE_KEEPING_SECONDS = 3_600
# How many workers a tick wakes for one issue; more send faster where there are more.
DRAINS_PER_ISSUE = environment.whole_number("DRAINS_PER_ISSUE", default=2, minimum=1, maximum=64)
# How far this machine saw the database's count of ticks; a lower one means a restored backup.
LEDGER_MARK = VAR_DIR / "ledger-mark"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "tick": {
        "task": "newsletter.tasks.tick",
        "schedule": timedelta(seconds=TICK_SECONDS),
        "options": {"expires": TICK_SECONDS},
    },
    "janitor": {
        "task": "newsletter.tasks.janitor",
        "schedule": timedelta(seconds=JANITOR_SECONDS),
        "options": {"expires": TICK_SECONDS},
    },
    "work-on-forgotten": {
        "task": "subscribers.tasks.work_on_forgotten",
        "schedule": timedelta(seconds=TICK_SECONDS),
        "options": {"expires": TICK_SECONDS},
    },
    "answer-forgotten": {
        "task": "subscribers.tasks.answer_forgotten",
        "schedule": timedelta(seconds=TICK_SECONDS),
        "options": {"expires": TICK_SECONDS},
    },
    "forget-unconfirmed": {
        "task": "subscribers.tasks.forget_unconfirmed",
        "schedule": timedelta(seconds=HOUSE_KEEPING_SECONDS),
        "options": {"expires": HOUSE_KEEPING_SECONDS},
    },
    "clear-quotas": {
        "task": "subscribers.tasks.clear_quotas",
        "schedule": timedelta(seconds=HOUSE_KEEPING_SECONDS),
        "options": {"expires": HOUSE_KEEPING_SECONDS},
    },
}
if BOUNCE_IMAP_HOST:
    CELERY_BEAT_SCHEDULE["fetch-bounces"] = {
        "task": "newsletter.tasks.fetch_bounces",
        "schedule": timedelta(seconds=FETCH_BOUNCES_SECONDS),
        "options": {"expires": FETCH_BOUNCES_SECONDS},
    }

# --- Languages, time, files, logs ------------------------------------------------------

LANGUAGE_CODE = "en"
# The languages that pages and mails are complete in, each by its own name.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
# Only where somebody chose a language on a public page. No script reads it, and a link from
# another site (Lax, not Strict) already opens the page in that language.
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 31_536_000  # a year
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE: Literal["Lax"] = "Lax"
# What the issues are written in; the frame around them is in each reader's language.
PUBLICATION_LANGUAGE = environment.matching(
    "PUBLICATION_LANGUAGE", r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", default="en", example="pt-br"
)
TIME_ZONE = PUBLICATION_TIME_ZONE
USE_TZ = True
USE_I18N = True
# "example.com" typed into a field for addresses means https, as it will from Django 6 on.
FORMS_URLFIELD_ASSUME_HTTPS = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns of a missing one
STATICFILES_DIRS = [BASE_DIR / "static"]
# Fingerprinted names need `manage.py collectstatic`, which ./run does; tests go without.
STATIC_MANIFEST = environment.boolean("STATIC_MANIFEST", default=not DEBUG)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_MANIFEST
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

LOG_LEVEL = environment.text("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
    raise ImproperlyConfigured(
        f"LOG_LEVEL={LOG_LEVEL} is no level. Use DEBUG, INFO, WARNING, ERROR or CRITICAL."
    )
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
    },
    # Whoever reads the log must not be able to act for a reader.
    "filters": {"discreet": {"()": "config.logs.Discreet"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["discreet"],
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # It warns at every start that the filesystem has no host name.
    "loggers": {"kombu.connection": {"level": "ERROR"}},
}

# --- The admin's look ------------------------------------------------------------------

# Bytes that the desk takes; config.limits holds the readers' pages to much less.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
# A hundred stories, each with nine fields and its sources, are more than Django's 1,000.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
MIDDLEWARE += ["newsletter.admin.security.AdminPolicyMiddleware"]
# The theme's log-in page knows no other place to go on to.
LOGIN_REDIRECT_URL = "admin:index"
UNFOLD = unfold_settings(PUBLICATION_NAME)
