"""What stands between the form and the inbox: mistyped domains, and the gates."""

import pytest

from subscribers.admission import domains
from subscribers.admission.domains import DomainCheck
from subscribers.models import ConsentEvent, SignUp
from tests.factories import make_source
from tests.subscribers.doors import ADA, GOOD, NOTHING, fields_on, rows, stamped

pytestmark = pytest.mark.django_db


@pytest.fixture
def domain(monkeypatch):
    """Say what is known of every domain."""

    def known(takes_mail=None, suggestion=None):
        known.of = DomainCheck(takes_mail, suggestion)

    known()
    monkeypatch.setattr(
        domains, "check", lambda email: known.of if email == ADA else DomainCheck(None, None)
    )
    return known


# --- Mistyped domains ------------------------------------------------------------------------


def test_a_mistyped_domain_is_asked_about_once(client, domain):
    domain(suggestion="ada@example.org")
    asked = client.post("/", GOOD)
    assert asked.status_code == 422
    assert "Did you mean ada@example.org?" in asked.content.decode()
    assert rows() == NOTHING


def test_the_address_that_was_meant_is_taken(client, domain):
    domain(suggestion="ada@example.org")
    response = client.post("/", {**GOOD, "use": "ada@example.org"})
    assert "ada@example.org" in response.content.decode()
    assert SignUp.objects.get().email == "ada@example.org"


def test_a_person_who_knows_better_is_believed(client, domain):
    domain(suggestion="ada@example.org")
    assert client.post("/", {**GOOD, "sure": ADA}).status_code == 200
    assert SignUp.objects.get().email == ADA


def test_an_answer_to_the_question_counts_for_that_address_alone(client, domain):
    domain(suggestion="ada@example.org")
    for answer in ({"use": "eve@example.com"}, {"sure": "eve@example.com"}):
        assert client.post("/", {**GOOD, **answer}).status_code == 422
    client.post("/", {**GOOD, "email": "bob@example.com", "use": "ada@example.org"})
    assert SignUp.objects.get().email == "bob@example.com"


def test_a_domain_that_takes_no_mail_is_an_error_with_its_reason(client, domain):
    domain(takes_mail=False)
    response = client.post("/", {**GOOD, "sure": ADA})
    assert response.status_code == 422
    assert "takes no mail" in response.content.decode()
    assert rows() == NOTHING


def test_name_servers_are_not_asked_for_programs_errors_or_previews(client, monkeypatch):
    def asked(email):
        raise AssertionError("asked")

    monkeypatch.setattr(domains, "check", asked)
    for more in ({"website": "x"}, {"hour": "99"}, {"action": "preview"}):
        client.post("/", {**GOOD, **more})


# --- The gates -------------------------------------------------------------------------------


def test_a_form_that_comes_back_at_once_is_asked_to_be_sent_once_more(client, gates):
    response = client.post("/", stamped(seconds=0))
    assert response.status_code == 422
    assert "One more click" in response.content.decode()
    assert rows() == NOTHING


def test_pressing_once_more_brings_everything_that_was_chosen(client, gates, time_machine):
    make_source(slug="ferry")
    make_source(slug="harbour")
    sent = {"which": "some", "sources": ["ferry", "harbour"], "hour": "6", "embed": "1"}
    asked = client.post("/", {**GOOD, **sent, "email": "Ada@example.com", "language": "de"})
    time_machine.shift(3)
    response = client.post("/", fields_on(asked.content.decode()))
    assert response.status_code == 200
    kept = SignUp.objects.get()
    assert (kept.email, kept.origin) == (ADA, ConsentEvent.Origin.EMBED)
    assert kept.choices["source_slugs"] == ["ferry", "harbour"]
    assert (kept.choices["hour"], kept.choices["language"]) == (6, "de")


def test_a_longer_wait_is_said(client, gates):
    gates.PROOF_OF_WORK_BITS = 8
    page = client.post("/", GOOD).content.decode()
    assert "Please wait 30 seconds" in page
    assert 'data-proof-bits="8"' in page
    assert "proof.js" in page


def test_mending_an_error_does_not_begin_the_wait_anew(client, gates):
    fields = stamped(email="ada")
    page = client.post("/", fields).content.decode()
    assert fields_on(page)["stamp"] == [fields["stamp"]]


def test_too_many_requests_are_answered_with_when_to_come_again(client, gates, time_machine):
    for number in range(3):
        assert client.post("/", stamped(email=f"{number}@example.com")).status_code == 200
    before = rows()
    response = client.post("/", stamped())
    assert response.status_code == 429
    assert response["Retry-After"] == "3000"
    assert "a break of 50 minutes" in response.content.decode()
    assert rows() == before
    time_machine.shift(3000)
    assert client.post("/", fields_on(response.content.decode())).status_code == 200
