"""Mailers come from the environment, and nonsense in it is refused by name, never shown."""

from contextlib import contextmanager
from datetime import date

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from config import mailer_limits, mailers
from tests.test_settings import start

POSTMARK = "anymail.backends.postmark.EmailBackend"
SMTP, LETTERS = "newsletter.transport.SmtpBackend", "newsletter.mailers.LettersBackend"
SECRET = "hemmelig-4711"
RELAY = '{"host": "smtp.example.org"}'


def house(host="", timeout=30):
    return mailers.House(smtp=SMTP, letters=LETTERS, host=host, timeout=timeout)


@pytest.fixture
def read(monkeypatch):
    """Read the mailers of an environment that has nothing but this."""

    def reading(host="", **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return mailers.configured(house(host))

    return reading


def refused(read, **environment):
    with pytest.raises(ImproperlyConfigured) as caught:
        read(**environment)
    return str(caught.value)


def test_without_mailers_there_are_none(read):
    assert read() == ()


def test_mailers_stand_in_their_order_and_the_first_sends_unless_something_else_is_said(read):
    found = read(host="smtp.example.org", MAILERS="postmark, relay,spare")
    assert [(one["name"], one["share"]) for one in found] == [
        ("postmark", 1),
        ("relay", 0),
        ("spare", 0),
    ]
    assert {one["backend"] for one in found} == {SMTP}


def test_shares_are_as_they_are_written(read):
    found = read(
        host="h",
        MAILERS="one,two",
        MAILER_ONE_SHARE="0",
        MAILER_TWO_SHARE="3",
        MAILER_ONE_PER_DAY="",
    )
    assert [one["share"] for one in found] == [0, 3]


def test_a_mailer_has_a_backend_options_and_limits_of_its_own(read):
    found = read(
        MAILERS="eu-relay,postmark",
        MAILER_EU_RELAY_OPTIONS=RELAY,
        MAILER_POSTMARK_BACKEND=POSTMARK,
        MAILER_POSTMARK_OPTIONS='{"server_token": "made up"}',
        MAILER_POSTMARK_PER_SECOND="0.5",
        MAILER_POSTMARK_PER_DAY="1000",
        MAILER_POSTMARK_WARM_UP="2026-11-20:50:1.5",
        MAILER_POSTMARK_BY_DOMAIN="Gmail.com:20, bücher.example:0.25",
    )
    assert found[0]["options"]["host"] == "smtp.example.org"
    assert found[1] == {
        "name": "postmark",
        "backend": POSTMARK,
        "options": {"server_token": "made up"},
        "share": 0,
        "per_second": 0.5,
        "per_day": 1000,
        "warm_up": (date(2026, 11, 20), 50, 1.5),
        "by_domain": {"gmail.com": 20, "xn--bcher-kva.example": 0.25},
    }


def test_a_server_of_its_own_does_not_inherit_what_is_meant_for_email_host(read):
    own, shared = read(host="h", MAILERS="own,shared", MAILER_OWN_OPTIONS=RELAY)
    assert own["options"] == {
        "host": "smtp.example.org",
        "port": 25,
        "username": "",
        "password": "",
        "use_tls": False,
        "use_ssl": False,
    }
    assert shared["options"] == {}


def test_the_one_mailer_without_a_name_has_limits_too(monkeypatch):
    monkeypatch.setenv("MAILER_DEFAULT_PER_SECOND", "20")
    assert mailers.default_limits()["per_second"] == 20
    assert mailers.configured(house()) == ()
    monkeypatch.setenv("MAILERS", "default")
    assert mailers.default_limits() == {}


@pytest.mark.parametrize(
    "names", ["Postmark", "post_mark", "-a", "a-", "a b", "x" * 31, "é", "a/b", "a,b,a"]
)
def test_a_name_that_cannot_be_one_is_refused(read, names):
    assert refused(read, host="h", MAILERS=names).startswith("MAILERS")


@pytest.mark.parametrize("names", ["", "relay", "default"])
@pytest.mark.parametrize(
    "variable",
    ["MAILER_SPARE_SHARE", "MAILER_SHARE", "MAILER_RELAY_PORT", "MAILER_RELAY_", "MAILER_DSN"],
)
def test_a_variable_of_no_mailer_is_refused(read, names, variable):
    told = refused(read, host="h", MAILERS=names, **{variable: "1"})
    assert told.startswith(f"{variable} is a variable of no mailer")


@pytest.mark.parametrize("variable", ["MAILER_DEFAULT_SHARE", "MAILER_DEFAULT_BACKEND"])
def test_the_one_mailer_without_a_name_has_neither_share_nor_backend(read, variable):
    assert "EMAIL_BACKEND" in refused(read, **{variable: "1"})


def test_an_empty_variable_is_none_at_all(read):
    read(MAILERS="", MAILER_SPARE_SHARE=" ")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("BACKEND", "no.such.Backend"),
        ("BACKEND", "anymail.backends.postmrk.EmailBackend"),
        ("BACKEND", LETTERS),
        ("SHARE", "-1"),
        ("SHARE", "half"),
        ("SHARE", "0"),
        ("PER_SECOND", "0"),
        ("PER_SECOND", "-2"),
        ("PER_SECOND", "1e3"),
        ("PER_SECOND", "nan"),
        ("PER_SECOND", "10001"),
        ("PER_DAY", "0"),
        ("PER_DAY", "many"),
        ("WARM_UP", "2026-11-20:50"),
        ("WARM_UP", "2026-11-31:50:1.5"),
        ("WARM_UP", "2026-11-20:0:1.5"),
        ("WARM_UP", "2026-11-20:50:0.9"),
        ("WARM_UP", "2026-11-20:50:inf"),
        ("WARM_UP", "tomorrow"),
        ("BY_DOMAIN", "gmail.com"),
        ("BY_DOMAIN", "gmail.com:0"),
        ("BY_DOMAIN", "gmail com:2"),
        ("BY_DOMAIN", ":2"),
        ("BY_DOMAIN", "gmail.com:2,GMAIL.com:3"),
        ("OPTIONS", "host=h"),
        ("OPTIONS", "[]"),
        ("OPTIONS", '"h"'),
        ("OPTIONS", "{}"),
        ("OPTIONS", '{"hosst": "h"}'),
        ("OPTIONS", '{"host": ""}'),
        ("OPTIONS", '{"host": "h", "port": "25"}'),
        ("OPTIONS", '{"host": "h", "port": true}'),
        ("OPTIONS", '{"host": "h", "port": 70000}'),
        ("OPTIONS", '{"host": "h", "use_tls": "yes"}'),
        ("OPTIONS", '{"host": "h", "use_tls": true, "use_ssl": true}'),
        ("OPTIONS", '{"host": "h", "timeout": 31}'),
        ("OPTIONS", '{"host": "h", "fail_silently": true}'),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(read, word, value):
    sound = {"MAILERS": "relay", "MAILER_RELAY_OPTIONS": RELAY}
    assert read(**sound)
    assert refused(read, **(sound | {f"MAILER_RELAY_{word}": value})).startswith(
        f"MAILER_RELAY_{word}"
    )


@pytest.mark.parametrize(
    "form",
    ["{}", "[{}]", "{}{{", '{{"host": {}', '{{"password": {}}}', '{{"port": {}}}'],
)
def test_what_stands_in_options_is_in_no_message(form, read):
    told = refused(read, MAILERS="relay", MAILER_RELAY_OPTIONS=form.format(f'"{SECRET}"'))
    assert told.startswith("MAILER_RELAY_OPTIONS")
    assert SECRET not in told


@given(st.text(max_size=40).filter(str.isprintable))
def test_a_limit_is_a_number_or_refused_by_name_whatever_is_written(text):
    limits = (mailer_limits.per_second, mailer_limits.warm_up, mailer_limits.by_domain)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("A_LIMIT", text)
        for limit in limits:
            with suppress_named("A_LIMIT"):
                limit("A_LIMIT")


@contextmanager
def suppress_named(name):
    try:
        yield
    except ImproperlyConfigured as exc:
        if not str(exc).startswith(name):
            raise


def test_with_mailers_letters_go_through_them_unless_they_have_a_backend_of_their_own(tmp_path):
    some = {"MAILERS": "relay", "MAILER_RELAY_OPTIONS": RELAY}
    assert start(tmp_path, "EMAIL_BACKEND", **some).stdout == f"'{LETTERS}'\n"
    assert POSTMARK in start(tmp_path, "EMAIL_BACKEND", EMAIL_BACKEND=POSTMARK, **some).stdout
    assert "EMAIL_BACKEND" in start(tmp_path, "DEBUG", EMAIL_BACKEND=LETTERS).stderr
