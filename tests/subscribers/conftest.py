import pytest

from tests.subscribers.doors import GOOD


@pytest.fixture
def post(client, workers, django_capture_on_commit_callbacks):
    """Send the front page's form and do the work that it queues."""

    def posting(path="/", **fields):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(path, {**GOOD, **fields})

    return posting
