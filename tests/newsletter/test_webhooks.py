"""Providers' reports: all of them, and whatever else may call at their addresses."""

import json
import os
import random
import uuid
from collections import defaultdict

import pytest
from django.db import InternalError, OperationalError
from django.test import Client

from newsletter.models import Delivery, DeliveryEvent
from newsletter.tracking import recording, webhooks
from subscribers.models import Subscriber
from tests.deliveries import make_delivery, sending_issue, state_of
from tests.newsletter.provider_calls import (
    PROVIDERS,
    READER,
    SETTINGS,
    Call,
    as_json,
    brevo,
    postmark,
    sparkpost,
)

pytestmark = [
    pytest.mark.django_db,
    # Anymail says so of SendGrid at every call.
    pytest.mark.filterwarnings("ignore:django-anymail has dropped official support for SendGrid"),
]

# The full number takes a minute: WEBHOOK_CALLS=10000 ./run test tests/newsletter/test_webhooks.py
CALLS = int(os.environ.get("WEBHOOK_CALLS", "1000"))
STATES = {
    "delivered": "delivered",
    "gone": "bounced",
    "soft": "bounced",
    "complained": "complained",
    "deferred": "sent",
    "rejected": "bounced",
    "unsubscribed": "sent",
}


@pytest.fixture(autouse=True)
def providers(settings):
    settings.ANYMAIL = {**settings.ANYMAIL, **SETTINGS}
    settings.MAIL_DOMAIN = "news.example.org"


@pytest.fixture
def caller():
    """A client that hides no error behind an exception."""
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("provider", "kind"),
    [(name, kind) for name, (_, kinds) in PROVIDERS.items() for kind in sorted(kinds)],
)
def test_every_providers_reports_are_heard(provider, kind, caller):
    delivery = make_delivery(sending_issue())
    call = PROVIDERS[provider][0](delivery.uid, kind, 7)
    for _ in range(2):
        assert call.send(caller).status_code == 200
    assert DeliveryEvent.objects.count() == 1
    assert state_of(delivery) == STATES[kind]
    reader = Subscriber.objects.get()
    suppressed = {"gone": "bounced", "complained": "complained"}
    assert reader.suppression == suppressed.get(kind, "")
    assert reader.wants_daily is (kind != "unsubscribed")
    assert reader.soft_bounces == (kind == "soft")
    assert READER not in str(DeliveryEvent.objects.values_list("key", "detail"))


def test_without_a_secret_there_is_nothing_to_call(caller, settings):
    settings.ANYMAIL = {**SETTINGS, "WEBHOOK_SECRET": ""}
    for call in (postmark(uuid.uuid4(), "gone", 1), Call("mandrill/", b"")):
        assert call.send(caller).status_code == 404
        assert caller.head(f"/anymail/{call.path}").status_code == 404


def test_no_provider_can_hand_in_mail(caller):
    for name in ("postmark", "mailgun", "brevo", "amazon_ses", "sendgrid"):
        assert Call(f"{name}/inbound/", b"{}").send(caller).status_code == 404


@pytest.mark.parametrize("secret", ["", ":", "provider", "provider:", "provider:another", "ünï:ö"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_fault_46_who_has_not_the_secret_is_refused_and_changes_nothing(provider, secret, caller):
    delivery = make_delivery(sending_issue())
    call = PROVIDERS[provider][0](delivery.uid, "gone", 1)
    assert call.send(caller, secret).status_code == 401
    assert caller.post(f"/anymail/{call.path}", call.body, call.type).status_code == 401
    assert state_of(delivery) == "sent"
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize("provider", ["mailgun", "mandrill", "mailersend", "unisender"])
def test_fault_46_a_wrong_signature_is_refused_even_with_the_secret(provider, caller, caplog):
    delivery = make_delivery(sending_issue())
    call = PROVIDERS[provider][0](delivery.uid, "gone", 1)
    forged = Call(call.path, call.body.replace(b"signature", b"signaturf"), call.type)
    if provider == "unisender":
        forged = Call(call.path, call.body.replace(b"ada@", b"eve@"))
    assert forged.send(caller).status_code == 400
    assert state_of(delivery) == "sent"
    assert READER not in caplog.text


def test_one_of_several_secrets_is_enough(caller, settings):
    settings.ANYMAIL = {**SETTINGS, "WEBHOOK_SECRET": ["old:one", "new:one"]}
    for secret, status in (("old:one", 200), ("new:one", 200), ("other:one", 401)):
        assert postmark(uuid.uuid4(), "gone", 1).send(caller, secret).status_code == status


def test_a_provider_may_ask_whether_anybody_is_there(caller):
    assert caller.head("/anymail/postmark/tracking/").status_code == 200
    assert caller.get("/anymail/postmark/tracking/").status_code == 405


def test_a_provider_that_is_not_set_up_gets_400_and_no_error(caller, settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": SETTINGS["WEBHOOK_SECRET"]}
    for provider in PROVIDERS:
        call = PROVIDERS[provider][0](uuid.uuid4(), "gone", 1)
        assert call.send(caller).status_code in (200, 400)
    assert Call("postal/tracking/", b"{}").send(caller).status_code == 400


@pytest.mark.parametrize("error", [OperationalError, InternalError])
def test_a_call_that_the_database_could_not_take_is_asked_for_again(caller, monkeypatch, error):
    def away(*args, **kwargs):
        raise error("away")

    monkeypatch.setattr(recording, "find", away)
    response = postmark(uuid.uuid4(), "gone", 1).send(caller)
    assert (response.status_code, response["Retry-After"]) == (503, "60")


def test_an_event_that_breaks_us_does_not_take_the_others_with_it(caller, monkeypatch, caplog):
    delivery = make_delivery(sending_issue())
    bad, good = uuid.uuid4(), delivery.uid

    def fussy(fact, **kwargs):
        return 1 / int(fact.delivery != bad) and recording.record(fact, **kwargs)

    monkeypatch.setattr(webhooks, "record", fussy)
    events = [json.loads(sparkpost(uid, "gone", n).body)[0] for n, uid in enumerate((bad, good))]
    assert as_json("sparkpost/tracking/", events).send(caller).status_code == 200
    assert state_of(delivery) == "bounced"
    assert "ZeroDivisionError in fussy" in caplog.text


def test_a_batch_of_a_thousand_events_fits_and_more_than_five_megabytes_do_not(caller):
    delivery = make_delivery(sending_issue())
    events = [
        json.loads(sparkpost(uuid.uuid4(), "gone", number).body)[0]
        | {"raw": "x" * 3_000 if number < 1_000 else ""}
        for number in range(1_000)
    ]
    events.append(json.loads(sparkpost(delivery.uid, "gone", 1).body)[0])
    call = as_json("sparkpost/tracking/", events)
    assert len(call.body) > 3_000_000
    assert call.send(caller).status_code == 200
    assert state_of(delivery) == "bounced"
    assert Call("sparkpost/tracking/", b" " * 6_000_000).send(caller).status_code == 413


def test_amazon_asks_once_and_a_person_lets_it_in(caller, caplog):
    headers = {
        "x-amz-sns-message-type": "SubscriptionConfirmation",
        "x-amz-sns-message-id": "1",
    }
    for url in ("https://sns.eu-west-1.amazonaws.com/?Action=Confirm&Token=1", "https://evil/x"):
        data = {"Type": "SubscriptionConfirmation", "MessageId": "1", "SubscribeURL": url}
        assert as_json("amazon_ses/tracking/", data, **headers).send(caller).status_code == 200
    assert "open https://sns.eu-west-1" in caplog.text
    assert "evil" not in caplog.text


# --- Ten thousand calls -----------------------------------------------------------------------

# The strongest first, as a model of what must come out.
STRENGTH = ["complained", "gone", "soft", "delivered", "rejected"]
ODD_VALUES: list[object] = [
    None,
    0,
    -1,
    1e308,
    True,
    "",
    "\x00",
    "\ud800",
    "x" * 5_000,
    [],
    {},
    [[]],
    {"a": {}},
]


def expected(kinds: set[str]) -> str:
    strongest = next((kind for kind in STRENGTH if kind in kinds), "deferred")
    return STATES[strongest]


def spoilt(call: Call, chance: random.Random) -> Call:
    """Change a call's body: cut off, bytes thrown in, or a value of another type."""
    body = call.body
    match chance.randrange(5):
        case 0:
            body = body[: chance.randrange(len(body))]
        case 1:
            place = chance.randrange(len(body))
            body = body[:place] + chance.randbytes(5) + body[place:]
        case 2:
            body = b"[" * chance.choice([3, 50_000]) + body
        case 3 if call.type == "application/json":
            body = json.dumps(with_odd_value(json.loads(body), chance)).encode()
        case _:
            body = chance.choice([b"", b"null", b"[]", b"{}", b"0", b'"x"', b"[null]", b"\xff"])
    return Call(call.path, body, call.type, call.headers)


def with_odd_value(data: object, chance: random.Random) -> object:
    """Replace one value somewhere in a document."""
    if isinstance(data, dict) and data and chance.random() < 0.9:
        key = chance.choice(sorted(data))
        return {**data, key: with_odd_value(data[key], chance)}
    if isinstance(data, list) and data and chance.random() < 0.9:
        return [with_odd_value(data[0], chance), *data[1:]]
    return chance.choice(ODD_VALUES)


def test_fault_46_forged_replayed_reordered_and_malformed_calls_end_in_the_right_verdicts(caller):
    chance = random.Random(28)
    issue = sending_issue()
    rows = [make_delivery(issue) for _ in range(CALLS // 20)]
    sent: list[Call] = []
    kinds: dict[uuid.UUID, set[str]] = defaultdict(set)
    statuses: dict[str, set[int]] = defaultdict(set)
    for number in range(CALLS):
        uid = chance.choice(rows).uid
        make, reported = PROVIDERS[chance.choice(sorted(PROVIDERS))]
        kind = chance.choice(sorted(reported - {"unsubscribed"}))
        match chance.randrange(10):
            case 0 | 1 | 2 if sent:
                statuses["replayed"].add(chance.choice(sent).send(caller).status_code)
            case 3 | 4:
                forged = make(uid, kind, number)
                secret = chance.choice(["", "a:b", "provider:"])
                statuses["forged"].add(forged.send(caller, secret).status_code)
            case 5:
                unknown = make(uuid.uuid4(), kind, number)
                statuses["unknown"].add(unknown.send(caller).status_code)
            case 6 | 7:
                bad = spoilt(make(uuid.uuid4(), kind, number), chance)
                statuses["spoilt"].add(bad.send(caller).status_code)
            case _:
                call = make(uid, kind, number)
                statuses["right"].add(call.send(caller).status_code)
                sent.append(call)
                kinds[uid].add(kind)
    assert statuses["right"] == statuses["replayed"] == statuses["unknown"] == {200}
    assert statuses["forged"] == {401}
    assert statuses["spoilt"] <= {200, 400}
    assert DeliveryEvent.objects.count() == len(sent)
    states = dict(Delivery.objects.values_list("uid", "state"))
    assert states == {row.uid: expected(kinds[row.uid]) for row in rows}
    for uid, suppression in Delivery.objects.values_list("uid", "subscriber__suppression"):
        told = kinds[uid]
        by_complaint = "complained" if "complained" in told else ""
        assert suppression == (by_complaint or ("bounced" if "gone" in told else ""))


@pytest.mark.parametrize("order", [1, -1])
def test_a_delivered_report_without_a_number_of_its_own_is_known_by_what_it_says(caller, order):
    delivery = make_delivery(sending_issue())
    calls = [brevo(delivery.uid, "delivered", 1), brevo(delivery.uid, "soft", 2)][::order]
    for call in [*calls, *calls]:
        assert call.send(caller).status_code == 200
    assert DeliveryEvent.objects.count() == 2
    assert state_of(delivery) == "bounced"
