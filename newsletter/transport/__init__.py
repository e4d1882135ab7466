"""The wire: one message out, and every answer read to its meaning."""

from newsletter.transport.backend import SmtpBackend
from newsletter.transport.outcomes import Outcome, Verdict
from newsletter.transport.posting import disconnect, phase_of, post, takes_wire
from newsletter.transport.providers import read_anymail
from newsletter.transport.smtp import Phase

__all__ = [
    "Outcome",
    "Phase",
    "SmtpBackend",
    "Verdict",
    "disconnect",
    "phase_of",
    "post",
    "read_anymail",
    "takes_wire",
]
