"""Answers to HEAD, which have the headers of GET and nothing else (RFC 9110 §9.3.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def without_bodies(application: WSGIApplication) -> WSGIApplication:
    """Return the application with its answers to HEAD emptied, Content-Length and all kept.

    Django leaves this to the server, and gunicorn warns of every body that it drops. Here,
    outside the middleware, files and streams are covered too.
    """

    def answering(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = application(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return body
        # Closing is what ends the request for Django: connections go back, files are shut.
        if close := getattr(body, "close", None):
            close()
        return []

    return answering
