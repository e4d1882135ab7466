"""Which release of the project writes the pages: another one may write them differently."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

# Folders whose files make pages, and which of their files do.
MADE_OF = (
    ("templates", "*.html"),
    ("locale", "*.mo"),
    ("newsletter", "*.py"),
    ("subscribers", "*.py"),
    ("config", "*.py"),
)


@dataclass(frozen=True, slots=True)
class Files:
    """What the project is made of: a hash over it, and when the newest file was written."""

    digest: str
    newest: datetime


@lru_cache(maxsize=1)
def files() -> Files:
    """Read the project's files, once in a process."""
    found = sorted(
        path for folder, pattern in MADE_OF for path in (settings.BASE_DIR / folder).rglob(pattern)
    )
    digest = hashlib.sha256()
    for path in found:
        digest.update(name_of(path).encode() + b"\0" + path.read_bytes() + b"\0")
    # The names of static files have a hash of each in them; here is one over all.
    digest.update(str(getattr(staticfiles_storage, "manifest_hash", "")).encode())
    newest = max(path.stat().st_mtime for path in found)
    return Files(digest.hexdigest(), datetime.fromtimestamp(int(newest), UTC))


def name_of(path: Path) -> str:
    return path.relative_to(settings.BASE_DIR).as_posix()


def release() -> tuple[str, ...]:
    """Return what besides the archive a public page depends on: files and settings."""
    if settings.DEBUG:
        # Somebody is changing the files.
        files.cache_clear()
    return (
        files().digest,
        settings.PUBLICATION_NAME,
        settings.PUBLICATION_TAGLINE,
        settings.PUBLICATION_LANGUAGE,
        settings.BASE_URL,
        settings.TIME_ZONE,
    )
