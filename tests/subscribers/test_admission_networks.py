"""A request's network is what no client can choose."""

import ipaddress

import pytest
from django.test import RequestFactory
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from subscribers.admission import network_of

OURS = "198.51.100.0/24"
with_settings = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def seen(remote="198.51.100.7", forwarded=None):
    request = RequestFactory().get("/")
    request.META["REMOTE_ADDR"] = remote
    if forwarded is not None:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    return network_of(request)


@pytest.mark.parametrize(
    ("remote", "network"),
    [
        ("198.51.100.7", OURS),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("::ffff:198.51.100.7", OURS),
        ("fe80::1%eth0", "fe80::/48"),
        ("", "unknown"),
        ("/run/site.sock", "unknown"),
    ],
)
def test_neighbours_are_one_network(remote, network):
    assert seen(remote) == network


def test_without_any_address_all_are_one():
    request = RequestFactory().get("/")
    del request.META["REMOTE_ADDR"]
    assert network_of(request) == "unknown"


@given(st.ip_addresses())
def test_every_address_lies_in_its_network(address):
    network = ipaddress.ip_network(seen(str(address)))
    assert (getattr(address, "ipv4_mapped", None) or address) in network


@with_settings
@given(forwarded=st.one_of(st.text(), st.ip_addresses().map(str)))
def test_without_proxies_nobody_says_where_they_come_from(forwarded, settings):
    settings.PROXIES = 0
    assert seen(forwarded=forwarded) == OURS


@with_settings
@given(
    made_up=st.lists(st.one_of(st.ip_addresses().map(str), st.text()), max_size=5),
    proxies=st.integers(1, 3),
)
def test_what_a_client_puts_in_front_changes_nothing(made_up, proxies, settings):
    settings.PROXIES = proxies
    # The outermost proxy writes whom it sees; those behind it, whom they see.
    written = ["203.0.113.9", *(f"10.0.0.{n}" for n in range(1, proxies))]
    assert seen("10.0.0.99", ", ".join(made_up + written)) == "203.0.113.0/24"


@pytest.mark.parametrize("written", ["203.0.113.9:4711", " 203.0.113.9 ", "::ffff:203.0.113.9"])
def test_a_port_and_blanks_are_no_matter(written, settings):
    settings.PROXIES = 1
    assert seen("10.0.0.1", written) == "203.0.113.0/24"


@pytest.mark.parametrize("written", ["[2001:db8:1::9]:4711", "[2001:db8:1::9]", "2001:db8:1::9"])
def test_an_address_of_ipv6_may_stand_in_brackets(written, settings):
    settings.PROXIES = 1
    assert seen("10.0.0.1", written) == "2001:db8:1::/48"


@pytest.mark.parametrize("written", ["", ",", "unknown", "_hidden", "203.0.113.999", "1" * 5_000])
def test_what_cannot_be_read_leaves_who_connected_to_us(written, settings):
    settings.PROXIES = 1
    assert seen(forwarded=written) == OURS


def test_who_came_past_a_proxy_is_who_connected_to_us(settings):
    settings.PROXIES = 2
    assert seen(forwarded="203.0.113.9") == OURS
