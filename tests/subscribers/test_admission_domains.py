"""Mistyped domains are noticed, real ones left alone, and no form waits for a name server."""

import threading
from concurrent.futures import ThreadPoolExecutor

import dns.message
import dns.rcode
import pytest
from dns.resolver import NoResolverConfiguration

from subscribers.admission import domains, mail_servers
from subscribers.admission.domains import check
from subscribers.admission.mail_servers import MailServers
from tests.names import NameServer


@pytest.fixture
def server():
    with NameServer() as running:
        yield running


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def servers(server, clock):
    return MailServers(server.resolver, clock)


# --- What name servers say -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domain", "takes_mail"),
    [
        ("firm.org", True),
        ("old.org", True),
        ("new.org", True),
        ("xn--bcher-kva.org", True),
        ("mute.org", False),
        ("empty.org", False),
        ("nobody.org", False),
        ("deep.nobody.org", False),
    ],
)
def test_a_domain_takes_mail_where_somebody_is_named_for_it(servers, domain, takes_mail):
    assert servers.take_mail_for(domain) is takes_mail


@pytest.mark.parametrize(
    "domain",
    [
        "example.com",
        "mail.example.net",
        "example.org",
        "a.test",
        "a.example",
        "a.invalid",
        "a.localhost",
        "localhost",
        "printer.local",
        "intra.internal",
        "hidden.onion",
        "",
    ],
)
def test_reserved_domains_are_let_through_unasked(servers, server, domain):
    assert servers.take_mail_for(domain) is None
    assert server.asked == []


@pytest.mark.parametrize(
    "domain", ["x" * 64 + ".org", "a..org", ".org", "ü" * 60 + ".org", "a b.c\\9"]
)
def test_what_is_no_domain_does_no_harm(servers, domain):
    assert servers.take_mail_for(domain) in (None, False)


def test_an_answer_is_remembered_for_ten_minutes(servers, server, clock):
    for _ in range(3):
        assert servers.take_mail_for("firm.org") is True
    assert server.asked == [("firm.org.", "MX")]
    clock.now += 601
    assert servers.take_mail_for("firm.org") is True
    assert len(server.asked) == 2


def test_so_much_is_remembered_and_no_more(servers, server, monkeypatch):
    monkeypatch.setattr(mail_servers, "MOST_REMEMBERED", 3)
    for number in range(10):
        servers.take_mail_for(f"{number}.org")
    assert list(servers.remembered) == ["7.org", "8.org", "9.org"]


# --- Name servers that do not behave ---------------------------------------------------------


def failing(code):
    def spoil(query, answer):
        answer.set_rcode(code)
        answer.answer = []
        return [answer.to_wire()]

    return spoil


@pytest.mark.parametrize("code", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP])
def test_a_server_at_a_loss_proves_nothing(servers, server, code):
    server.spoil = failing(code)
    assert servers.take_mail_for("nobody.org") is None
    assert servers.take_mail_for("firm.org") is None


def test_a_server_that_denies_the_whole_world_is_not_believed(servers, server):
    server.spoil = failing(dns.rcode.NXDOMAIN)
    assert servers.take_mail_for("firm.org") is None


def test_a_silent_server_is_left_alone_for_a_minute(servers, server):
    heard = []
    server.spoil = lambda query, answer: heard.append(query) or []
    real = MailServers(server.resolver)
    assert real.take_mail_for("firm.org") is None
    asked = len(heard)
    assert 1 <= asked <= 2, "a second is over after two attempts"
    for number in range(50):
        assert real.take_mail_for(f"{number}.org") is None
    assert len(heard) == asked


def test_after_a_minute_a_silent_server_is_asked_again(servers, server, clock, monkeypatch):
    def silent(domain):
        raise mail_servers.Timeout

    with monkeypatch.context() as patch:
        patch.setattr(servers, "look_up", silent)
        assert servers.take_mail_for("firm.org") is None
    clock.now += 59
    assert servers.take_mail_for("firm.org") is None
    clock.now += 2
    assert servers.take_mail_for("firm.org") is True


def test_questions_about_one_domain_share_their_time(servers, server, clock):
    def slow(query, answer):
        clock.now += 0.5
        return [answer.to_wire()]

    server.spoil = slow
    # Two answers have used the time up, and the third question is not asked any more.
    assert servers.take_mail_for("empty.org") is None
    assert [kind for _name, kind in server.asked] == ["MX", "A"]


def test_answers_to_other_questions_are_not_taken(servers, server):
    def lying(query, answer):
        forged = dns.message.make_response(query)
        forged.set_rcode(dns.rcode.NXDOMAIN)
        forged.id = (query.id + 1) % 65_536
        other = dns.message.make_response(dns.message.make_query("evil.org.", "MX"))
        other.id = query.id
        other.set_rcode(dns.rcode.NXDOMAIN)
        return [forged.to_wire(), other.to_wire(), b"rubbish", answer.to_wire()]

    server.spoil = lying
    assert servers.take_mail_for("firm.org") is True


def test_a_server_that_talks_rubbish_proves_nothing(servers, server):
    server.spoil = lambda query, answer: [answer.to_wire()[:15]]
    assert servers.take_mail_for("nobody.org") is None


def test_a_machine_without_name_servers_lets_everybody_through():
    def none_here():
        raise NoResolverConfiguration

    assert MailServers(none_here).take_mail_for("firm.org") is None


def test_two_may_wait_and_the_others_pass_unasked(server, clock):
    held = threading.Event()
    waiting = threading.Semaphore(0)

    class Held(MailServers):
        def look_up(self, domain):
            waiting.release()
            assert held.wait(30)
            return True

    servers = Held(server.resolver, clock)
    with ThreadPoolExecutor(2) as pool:
        first = [pool.submit(servers.take_mail_for, f"{n}.org") for n in range(2)]
        for _ in first:
            assert waiting.acquire(timeout=30)
        assert servers.take_mail_for("third.org") is None
        held.set()
        assert [one.result() for one in first] == [True, True]
    assert servers.take_mail_for("third.org") is True


# --- The check ---------------------------------------------------------------------------------


def test_a_check_says_both(servers, monkeypatch, settings):
    settings.CHECK_MX = True
    monkeypatch.setattr(domains, "MAIL_SERVERS", servers)
    found = check("anna@gmial.com")
    assert found.takes_mail is False
    assert found.suggestion == "anna@gmail.com"
    assert check("anna@firm.org") == domains.DomainCheck(takes_mail=True, suggestion=None)


def test_name_servers_are_asked_only_where_that_is_wanted(servers, server, monkeypatch, settings):
    monkeypatch.setattr(domains, "MAIL_SERVERS", servers)
    settings.CHECK_MX = False
    assert check("anna@nobody.org").takes_mail is None
    settings.CHECK_MX = True
    assert check("anna@gmx.de").takes_mail is True, "nobody need be asked about it"
    assert server.asked == []
