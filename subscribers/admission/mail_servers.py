"""Whether a domain takes mail, as far as name servers answer quickly.

A form waits for no name server: a question takes a second at most, two may wait at once, and
where the servers kept silent, nobody is asked for a minute. Who has a domain with silent
servers can bring that about; all they gain is that typing errors pass, which nobody confirms.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

from dns.exception import DNSException, Timeout
from dns.name import Name, from_text, root
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

# With the pauses between the attempts all questions about a domain take a second at most:
# 0.4 s for a first attempt, 0.1 s, 0.3 s for another, 0.2 s.
ANSWERS_WITHIN_SECONDS = 0.8
ATTEMPT_SECONDS = 0.4
REMEMBERED_FOR = timedelta(minutes=10).total_seconds()
SILENT_FOR = timedelta(minutes=1).total_seconds()
MOST_REMEMBERED = 1_000
# So many threads of a process may wait for an answer; whoever comes meanwhile is let through.
MOST_AT_ONCE = 2
# Of tests and examples (RFC 2606, RFC 6761), of a house (RFC 6762 and ICANN's .internal) and
# of Tor (RFC 7686): the public name servers know nothing of them.
RESERVED = frozenset(["test", "example", "invalid", "localhost", "local", "internal", "onion"])
EXAMPLES = frozenset({"example.com", "example.net", "example.org"})
# Name servers cut off from the world deny every domain; those that know this one do not.
WITNESS = "gmail.com"


class MailServers:
    """What name servers said of domains, remembered for ten minutes by one process.

    ``resolver`` makes one that knows this machine's name servers; ``clock`` counts seconds.
    """

    def __init__(
        self,
        resolver: Callable[[], Resolver] = Resolver,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.resolver = resolver
        self.clock = clock
        self.lock = threading.Lock()
        self.slots = threading.BoundedSemaphore(MOST_AT_ONCE)
        self.remembered: dict[str, tuple[float, bool | None]] = {}
        self.silent_until = 0.0

    def take_mail_for(self, domain: str) -> bool | None:
        """Tell whether a domain takes mail; None where it is not known, or not at once."""
        if is_reserved(domain):
            return None
        with self.lock:
            until, answer = self.remembered.get(domain, (0.0, None))
            if self.clock() < until:
                return answer
            if self.clock() < self.silent_until:
                return None
        if not self.slots.acquire(blocking=False):
            return None
        try:
            answer = self.look_up(domain)
        except Timeout:
            with self.lock:
                self.silent_until = self.clock() + SILENT_FOR
            return None
        except (DNSException, OSError, ValueError):
            # No name server is known here, none can be reached, or they are at a loss.
            answer = None
        finally:
            self.slots.release()
        self.remember(domain, answer)
        return answer

    def look_up(self, domain: str) -> bool | None:
        """Ask whether a domain takes mail, and where not, whether that can be believed."""
        deadline = self.clock() + ANSWERS_WITHIN_SECONDS
        if self.ask(from_text(domain), deadline):
            return True
        return False if self.ask(from_text(WITNESS), deadline) else None

    def ask(self, domain: Name, deadline: float) -> bool:
        """Ask for a domain's mail servers; raise what dnspython raises."""
        resolver = self.resolver()
        resolver.timeout = ATTEMPT_SECONDS
        for kind in ("MX", "A", "AAAA"):
            left = deadline - self.clock()
            try:
                found = resolver.resolve(domain, kind, search=False, lifetime=left)
            except NoAnswer:
                continue
            except NXDOMAIN:
                return False
            # RFC 7505: a single MX of the root says that there is none. Without any, the
            # domain's own address takes the mail (RFC 5321 §5.1).
            return kind != "MX" or any(record.exchange != root for record in found)
        return False

    def remember(self, domain: str, answer: bool | None) -> None:
        with self.lock:
            self.remembered.pop(domain, None)
            if len(self.remembered) >= MOST_REMEMBERED:
                del self.remembered[next(iter(self.remembered))]
            self.remembered[domain] = (self.clock() + REMEMBERED_FOR, answer)


def is_reserved(domain: str) -> bool:
    """Tell whether public name servers cannot speak for a domain."""
    labels = domain.split(".")
    return len(labels) < 2 or labels[-1] in RESERVED or ".".join(labels[-2:]) in EXAMPLES
