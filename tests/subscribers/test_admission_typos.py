"""Slips of the fingers in the names of large providers, and real domains that look like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.provisional import domains

from subscribers.admission.typos import LONG_ENOUGH, NEIGHBOURS, PROVIDERS, is_slip_of, likely


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gmal.com", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("ggmail.com", "gmail.com"),
        ("mgail.com", "gmail.com"),
        ("gnail.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmail.cmo", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("gmail.cm", "gmail.com"),
        ("gmial.con", "gmail.com"),
        ("hotmial.co.uk", "hotmail.co.uk"),
        ("hotmai.fr", "hotmail.fr"),
        ("outlok.de", "outlook.de"),
        ("yahooo.com", "yahoo.com"),
        ("iclod.com", "icloud.com"),
        ("t-onlin.de", "t-online.de"),
        ("tonline.de", "t-online.de"),
        ("freenet.d", "freenet.de"),
        ("posteo.dee", "posteo.de"),
        ("gmx.con", "gmx.com"),
        ("web.ed", "web.de"),
        ("protonmial.com", "protonmail.com"),
    ],
)
def test_a_slip_is_noticed(typed, meant):
    assert likely(typed) == meant


# Of providers, firms, schools and authorities; all real.
REAL = [
    "ymail.com",
    "email.com",
    "mail.com",
    "mail.de",
    "web.de",
    "gmx.de",
    "gmx.net",
    "gmx.com",
    "live.com",
    "live.de",
    "me.com",
    "tmail.com",
    "hmail.com",
    "cloud.com",
    "mail.co",
    "hey.co",
    "me.co",
    "web.co",
    "aol.co",
    "gmx.co.uk",
    "mac.cm",
    "sky.co",
    "libera.it",
    "poste.it",
    "poste.de",
    "gail.com",
    "arcon.de",
    "mailbox.com",
    "mail.me",
    "apple.com",
    "amazon.com",
    "amazon.de",
    "google.com",
    "microsoft.com",
    "meta.com",
    "netflix.com",
    "uber.com",
    "spotify.com",
    "github.com",
    "gitlab.com",
    "mozilla.org",
    "debian.org",
    "wikipedia.org",
    "python.org",
    "siemens.com",
    "sap.com",
    "bosch.de",
    "bmw.de",
    "vw.de",
    "bahn.de",
    "allianz.de",
    "zalando.de",
    "otto.de",
    "orange.com",
    "free.com",
    "tiscali.com",
    "alice.de",
    "planet.com",
    "sunrise.com",
    "yahoo-inc.com",
    "ethz.ch",
    "uzh.ch",
    "tum.de",
    "lmu.de",
    "mit.edu",
    "stanford.edu",
    "ox.ac.uk",
    "cam.ac.uk",
    "bund.de",
    "admin.ch",
    "gov.uk",
    "europa.eu",
    "bbc.co.uk",
    "orf.at",
    "ard.de",
    "zdf.de",
    "srf.ch",
    "example.com",
    "example.org",
    "t-mobile.de",
    "telekom.de",
    "vodafone.de",
    "o2.de",
    "o2.com",
    "o2.co.uk",
    "1und1.de",
    "ionos.de",
    "strato.de",
    "hushmail.com",
    "runbox.com",
    "mailfence.com",
    "disroot.org",
    "riseup.net",
    "startmail.com",
    "tuta.com",
    "msn.co.uk",
    "mail.ru",
    "yandex.ru",
    "qq.com",
    "163.com",
    "126.com",
    "naver.com",
    "daum.net",
    "rediffmail.com",
]


@pytest.mark.parametrize("domain", REAL)
def test_a_real_domain_is_left_alone(domain):
    assert likely(domain) is None


@given(st.sampled_from(sorted(PROVIDERS | NEIGHBOURS)))
def test_a_provider_is_never_questioned(domain):
    assert likely(domain) is None


@given(st.one_of(st.text(), st.sampled_from(sorted(PROVIDERS)), domains()))
def test_only_providers_are_suggested(domain):
    assert likely(domain) in PROVIDERS | {None}


@given(st.sampled_from(sorted(PROVIDERS)), st.data())
def test_any_single_slip_after_the_first_letter_is_noticed(domain, data):
    name, _, ending = domain.partition(".")
    if len(name) < LONG_ENOUGH:
        return
    at = data.draw(st.integers(1, len(name) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789-"))
    typed = data.draw(
        st.sampled_from(
            [
                name[:at] + name[at + 1 :],
                name[:at] + letter + name[at:],
                name[:at] + letter + name[at + 1 :],
                name[: at - 1] + name[at] + name[at - 1] + name[at + 1 :],
            ]
        )
    )
    if f"{typed}.{ending}" not in PROVIDERS | NEIGHBOURS:
        assert likely(f"{typed}.{ending}") in PROVIDERS


@given(st.text("abcd", max_size=7), st.text("abcd", max_size=7))
def test_a_slip_goes_either_way(one, other):
    if min(len(one), len(other)) >= LONG_ENOUGH:
        assert is_slip_of(one, other) is is_slip_of(other, one)
        assert is_slip_of(one, other) is (one in slips_of(other) and one != other)


def slips_of(name):
    """All that one slip makes of a name, its first letter kept unless two change places."""
    letters = "abcd"
    dropped = {name[:at] + name[at + 1 :] for at in range(1, len(name))}
    added = {name[:at] + c + name[at:] for at in range(1, len(name) + 1) for c in letters}
    wrong = {name[:at] + c + name[at + 1 :] for at in range(1, len(name)) for c in letters}
    swapped = {name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in range(len(name) - 1)}
    return dropped | added | wrong | swapped
