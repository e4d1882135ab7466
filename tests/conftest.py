"""What all tests share."""

from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from config.celery import app as celery
from newsletter import page_cache
from subscribers.views import stamped

# Speed belongs in benchmarks: on a busy machine a good example takes long too.
hypothesis_settings.register_profile("house", deadline=None)
hypothesis_settings.load_profile("house")

SHARED_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def pytest_collection_modifyitems(config, items):
    """Run benchmarks only where they were asked for by name."""
    if "benchmark" in config.getoption("markexpr"):
        return
    for item in items:
        if item.get_closest_marker("benchmark"):
            item.add_marker(pytest.mark.skip(reason="a benchmark: run with -m benchmark"))


@pytest.fixture(autouse=True)
def house(settings, tmp_path):
    """Give every test a mailbox of its own, and pages without collected static files."""
    settings.MAILBOX_DIR = tmp_path / "mailbox"
    # A test's database is rolled back, which to a machine that remembers is a restored one.
    settings.LEDGER_MARK = tmp_path / "ledger-mark"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    # Tests of the gates close them again; all others are let in, and ask no name server.
    settings.MIN_FORM_SECONDS = 0
    settings.SIGN_UPS_PER_NETWORK = settings.SIGN_UPS_PER_HOUR = 1_000_000
    settings.CHECK_MX = False
    # What an earlier test left in this process: a page of other sources, another language.
    stamped.page.cache_clear()
    translation.activate(settings.LANGUAGE_CODE)
    # SQLite gives the keys of a test that was rolled back to the next one.
    page_cache.editions.clear()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def workers():
    """Run every task at once, where it is queued, as a worker would a moment later."""
    before = celery.conf.task_always_eager
    celery.conf.task_always_eager = True
    yield
    celery.conf.task_always_eager = before


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real digests, where this machine has them."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder with real digests is not here")
    return SHARED_DATA
