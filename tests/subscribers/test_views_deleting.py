"""“Delete me”."""

import pytest

from subscribers.models import Subscriber
from tests.factories import make_reader, make_source
from tests.subscribers.rooms import choices_path, delete_path, press, rows

pytestmark = pytest.mark.django_db

State = Subscriber.State


def test_the_page_says_what_goes_and_what_the_books_keep(client):
    reader = make_reader("ada@example.com")
    page = client.get(delete_path(reader)).content.decode()
    assert "ada@example.com" in page
    assert "What stays" in page
    assert "First download everything we keep about you" in page
    assert choices_path(reader) in page
    assert delete_path(reader) in client.get(choices_path(reader)).content.decode()


def test_pressing_deletes_and_says_farewell_without_redirect():
    reader, other = make_reader(sources=[make_source()]), make_reader()
    response = press(delete_path(reader))
    assert response.status_code == 200
    assert "You are deleted" in response.content.decode()
    assert list(Subscriber.objects.all()) == [other]


def test_pressing_again_says_the_same():
    reader = make_reader()
    url = delete_path(reader)
    first = press(url)
    after = rows()
    second = press(url)
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert rows() == after


def test_the_farewell_is_in_the_readers_language():
    reader = make_reader(language="de")
    assert press(delete_path(reader))["Content-Language"] == "de"


def test_pages_of_a_deleted_reader_say_that_nothing_is_kept(client):
    reader = make_reader()
    press(delete_path(reader))
    for url in (delete_path(reader), choices_path(reader)):
        assert "we keep nothing about it" in client.get(url).content.decode()


@pytest.mark.parametrize("state", [State.PENDING, State.UNSUBSCRIBED, State.SUPPRESSED])
def test_whoever_gets_no_mail_can_be_deleted_too(state):
    suppression = "complained" if state == State.SUPPRESSED else ""
    press(delete_path(make_reader(state=state, suppression=suppression)))
    assert not Subscriber.objects.exists()
