"""What all tests share."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def house(settings, tmp_path):
    """Give every test a mailbox of its own, and pages without collected static files."""
    settings.MAILBOX_DIR = tmp_path / "mailbox"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real digests, where this machine has them."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder with real digests is not here")
    return SHARED_DATA
