"""A name server on loopback that answers out of a small world, and may be made to misbehave."""

import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from dns.resolver import Resolver

LOOPBACK = "127.0.0.1"
WORLD = {
    ("gmail.com.", "MX"): ["5 mx.gmail.com."],
    ("firm.org.", "MX"): ["10 mx1.firm.org.", "20 mx2.firm.org."],
    ("old.org.", "A"): ["192.0.2.1"],
    ("new.org.", "AAAA"): ["2001:db8::1"],
    ("mute.org.", "MX"): ["0 ."],
    ("mute.org.", "A"): ["192.0.2.2"],
    ("empty.org.", "TXT"): ["nothing"],
    ("xn--bcher-kva.org.", "MX"): ["10 mx.firm.org."],
}


class NameServer:
    """A name server on loopback that answers by UDP, and may be slow, silent or lying."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((LOOPBACK, 0))
        self.asked: list[tuple[str, str]] = []
        self.spoil = lambda query, answer: [answer.to_wire()]
        self.thread = threading.Thread(target=self.serve)

    def serve(self):
        while True:
            data, sender = self.socket.recvfrom(4_096)
            if not data:
                return
            query = dns.message.from_wire(data)
            for reply in self.spoil(query, self.answer(query)):
                self.socket.sendto(reply, sender)

    def answer(self, query):
        question = query.question[0]
        name, kind = str(question.name), question.rdtype.name
        self.asked.append((name, kind))
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if records := WORLD.get((name, kind)):
            answer.answer = [dns.rrset.from_text(name, 300, "IN", kind, *records)]
        elif not any(known == name for known, _kind in WORLD):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer

    def resolver(self):
        resolver = Resolver(configure=False)
        resolver.nameservers = [LOOPBACK]
        resolver.port = self.socket.getsockname()[1]
        return resolver

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()
