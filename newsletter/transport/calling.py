"""Calls over HTTP that have an end, whatever the other side does meanwhile.

The time-outs of requests begin anew with every octet. So the connections under its session
keep the same patience as those to mail servers: settings.SECONDS_BEFORE_THE_DOT to connect and
to send the call, then settings.EMAIL_FINAL_TIMEOUT for the whole answer.
"""

from __future__ import annotations

import http.client
import io
import socket
from typing import Any

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from newsletter.transport.patience import Patience, reach, write


def bound(session: requests.Session) -> None:
    """Give a session's calls an end; once is enough, and again does no harm."""
    if not isinstance(session.get_adapter("https://"), PatientAdapter):
        session.mount("https://", PatientAdapter())
        session.mount("http://", PatientAdapter())


class Answer(io.RawIOBase):
    """The octets that come over a socket, for as long as a patience lasts."""

    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        self.sock, self.patience = sock, patience
        # Python's own keeps the socket open for as long as somebody reads it.
        self.octets = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self.sock.settimeout(self.patience.left())
        return self.octets.readinto(buffer)

    def close(self) -> None:
        self.octets.close()
        super().close()


class Hearing:
    """What http.client reads an answer from: it asks a socket for a file, and no more."""

    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        self.sock, self.patience = sock, patience

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(Answer(self.sock, self.patience))


class Patient(HTTPConnection):
    """A connection that waits for so long in all; it may serve one call after another."""

    patience: Patience | None = None

    def waiting(self) -> Patience:
        """Return the present call's patience, which begins with the call."""
        if self.patience is None:
            self.patience = Patience(settings.SECONDS_BEFORE_THE_DOT, self.step())
        return self.patience

    def step(self) -> float | None:
        return self.timeout if isinstance(self.timeout, int | float) else None

    def _new_conn(self) -> socket.socket:
        # urllib3's way to open a socket, for subclasses to change: all addresses share our time.
        sock = reach(self._dns_host, self.port, self.waiting())
        for option in self.socket_options or ():
            sock.setsockopt(*option)
        # A proxy's tunnel and TLS are next, and not ours.
        self.waiting().lend(sock)
        return sock

    def send(self, data: Any) -> None:
        """Send octets within the time that is left."""
        if self.sock is None:
            self.connect()
        if isinstance(data, bytes):
            write(self.sock, data, self.waiting())
        else:
            super().send(data)

    def getresponse(self) -> Any:
        """Return the answer, of which the body is yet to come, in the same time."""
        self.patience = Patience(settings.EMAIL_FINAL_TIMEOUT, self.step())
        try:
            return super().getresponse()
        finally:
            self.patience = None

    # http.client calls it as it calls the class that stands there otherwise.
    def response_class(  # type: ignore[override]
        self, sock: socket.socket, *args: Any, **kwargs: Any
    ) -> http.client.HTTPResponse:
        return http.client.HTTPResponse(
            Hearing(sock, self.waiting()),  # type: ignore[arg-type]
            *args,
            **kwargs,
        )

    def close(self) -> None:
        self.patience = None
        super().close()


class PatientOverTLS(Patient, HTTPSConnection):
    """The same inside TLS."""


class Pool(HTTPConnectionPool):
    ConnectionCls = Patient


class PoolOverTLS(HTTPSConnectionPool):
    ConnectionCls = PatientOverTLS


POOLS = {"http": Pool, "https": PoolOverTLS}


class PatientAdapter(HTTPAdapter):
    """What a session's calls go through, over proxies or not."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        # Connections through SOCKS are of a kind of their own, and not bounded.
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = POOLS
        return manager
