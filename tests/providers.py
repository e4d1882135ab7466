"""Providers' HTTP APIs on loopback: the answers of each when all is well, and a server for any.

The server does with each call what a plan says, and so knows what it took.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from anymail.exceptions import AnymailNotSupportedWarning
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from newsletter.transport import Outcome, disconnect, post

READER = "ada@readers.example"
LENGTH = re.compile(rb"(?mi)^content-length: *(\d+)")
RESET = struct.pack("ii", 1, 0)
# A client gives up long before.
LONGEST_SILENCE = 10.0
Body = Callable[[str], Any]


@dataclass(frozen=True)
class Provider:
    """How one of Anymail's backends is set up, and how its provider says yes and no to a reader.

    ``reads_body`` is False where Anymail takes any 2xx for a yes.
    """

    yes: Body
    options: dict[str, str] = field(default_factory=dict)
    no: Body | None = None
    headers: tuple[str, ...] = ()
    reads_body: bool = True


def of_key(name: str = "api_key", **more: str) -> dict[str, str]:
    return {name: "made-up", **more}


PROVIDERS = {
    "brevo": Provider(lambda to: {"messageId": "<b@x>"}, of_key()),
    "mailersend": Provider(
        lambda to: None,
        of_key("api_token"),
        no=lambda to: {
            "warnings": [{"type": "ALL_SUPPRESSED", "recipients": [{"email": to, "reason": []}]}]
        },
        headers=("X-Message-Id: ms", "Content-Type: text/html"),
    ),
    "mailgun": Provider(
        lambda to: {"id": "<m@x>", "message": "Queued. Thank you."},
        of_key(sender_domain="news.example"),
    ),
    "mailjet": Provider(
        lambda to: {"Messages": [{"Status": "success", "To": [{"Email": to, "MessageID": 1}]}]},
        of_key(secret_key="made-up"),
        no=lambda to: {"Messages": [{"Status": "error", "Errors": [{"ErrorCode": "x"}]}]},
    ),
    "mailtrap": Provider(lambda to: {"success": True, "message_ids": ["mt"]}, of_key("api_token")),
    "mandrill": Provider(
        lambda to: [{"email": to, "status": "queued", "_id": "md"}],
        of_key(),
        no=lambda to: [{"email": to, "status": "rejected", "reject_reason": "hard-bounce"}],
    ),
    "postal": Provider(
        lambda to: {"status": "success", "data": {"messages": {to: {"id": 1, "token": "t"}}}},
        of_key(),
        no=lambda to: {"status": "error", "data": {"code": "UnauthenticatedFromAddress"}},
    ),
    "postmark": Provider(
        lambda to: {"To": to, "MessageID": "pm", "ErrorCode": 0, "Message": "OK"},
        of_key("server_token"),
    ),
    "resend": Provider(lambda to: {"id": "re"}, of_key()),
    "scaleway": Provider(
        lambda to: {"emails": [{"id": "sc", "mail_rcpt": to, "status": "new"}]},
        of_key("secret_key", project_id="made-up"),
        no=lambda to: {"emails": [{"id": "sc", "mail_rcpt": to, "status": "failed"}]},
    ),
    "sendgrid": Provider(lambda to: None, of_key(), reads_body=False),
    "sparkpost": Provider(
        lambda to: results(accepted=1),
        of_key(),
        no=lambda to: results(rejected=1),
    ),
    "unisender_go": Provider(
        lambda to: {"status": "success", "job_id": "ug", "emails": [to]},
        of_key(),
        no=lambda to: {"status": "success", "emails": [], "failed_emails": {to: "unsubscribed"}},
    ),
}


def results(accepted: int = 0, rejected: int = 0) -> dict[str, Any]:
    totals = {"total_accepted_recipients": accepted, "total_rejected_recipients": rejected}
    return {"results": {**totals, "id": "sp"}}


def connection_to(provider: str, port: int, timeout: float | None = None) -> BaseEmailBackend:
    """Return Anymail's backend for a provider, which stands at a port of this machine."""
    options: dict[str, Any] = {"api_url": f"http://127.0.0.1:{port}/", "timeout": timeout}
    options |= PROVIDERS[provider].options
    with warnings.catch_warnings():
        # SendGrid's: Anymail's author cannot try it any more; it is still there.
        warnings.simplefilter("ignore", AnymailNotSupportedWarning)
        return get_connection(f"anymail.backends.{provider}.EmailBackend", **options)


def response(status: str, body: bytes, *headers: str) -> bytes:
    """Return an answer as HTTP/1.1 has it."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def success(provider: str, to: str) -> bytes:
    """Return a provider's answer when it took a message."""
    body = PROVIDERS[provider].yes(to)
    headers = PROVIDERS[provider].headers or ("Content-Type: application/json",)
    return response("202 Accepted", json.dumps(body).encode() if body else b"", *headers)


@dataclass
class Plan:
    """What the server does with the next call, and whether it takes the message.

    ``hears``: it reads the call at all. ``end``: what follows the answer: "", "drop", "reset" or
    "silence".
    """

    answer: bytes
    taken: bool
    end: str = ""
    hears: bool = True


class Endpoint:
    """Use as ``with Endpoint() as server``; set ``plan`` before each call."""

    def __init__(self) -> None:
        self.plan = Plan(b"", taken=False, end="drop")
        self.calls: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.over = threading.Event()
        self.hung_up = threading.Event()
        self.talking: socket.socket | None = None
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.over.set()
        if self.talking is not None:
            # A client's answer may outlive the client, and hold its connection.
            with contextlib.suppress(OSError):
                self.talking.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        self.thread.join()
        self.listener.close()

    def serve(self) -> None:
        while True:
            sock, _ = self.listener.accept()
            if self.over.is_set():
                sock.close()
                return
            sock.settimeout(LONGEST_SILENCE)
            self.hung_up.clear()
            self.talking = sock
            with sock, contextlib.suppress(OSError):
                while self.answered(sock):
                    pass
            self.hung_up.set()

    def answered(self, sock: socket.socket) -> bool:
        """Do with one call as planned; False where the connection is over."""
        if not self.plan.hears:
            return finish(sock, self.plan.end)
        call = heard(sock)
        if call is None:
            return False
        self.calls.append(call)
        plan = self.plan  # once answered, there may be another
        sock.sendall(plan.answer)
        return finish(sock, plan.end)


def heard(sock: socket.socket) -> bytes | None:
    """Read a whole call; None where the client hung up."""
    octets = b""
    while b"\r\n\r\n" not in octets:
        more = sock.recv(65_536)
        if not more:
            return None
        octets += more
    head, _, body = octets.partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    while length and len(body) < int(length[1]):
        more = sock.recv(65_536)
        if not more:
            return None
        body += more
    return head + b"\r\n\r\n" + body


def finish(sock: socket.socket, end: str) -> bool:
    if end == "silence":
        while sock.recv(65_536):
            pass
    if end == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    return not end


def letter() -> EmailMessage:
    return EmailMessage("Subject", "A body.", "digest@news.example", [READER])


def answered(
    endpoint: Endpoint, provider: str, plan: Plan, message: EmailMessage | None = None
) -> Outcome:
    """Send a message to a provider that does as planned, and return the outcome."""
    connection = connection_to(provider, endpoint.port, 2)
    endpoint.plan = plan
    outcome = post(connection, message or letter())
    disconnect(connection)
    return outcome
