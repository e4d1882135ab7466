"""What mail servers answer, and every error of a connection to one, read to its meaning."""

import smtplib

from newsletter.transport.outcomes import (
    REPLY_LENGTH,
    Outcome,
    Verdict,
    brief,
    doubtful,
    halted,
    words,
)
from newsletter.transport.refusals import read_refusal
from newsletter.transport.smtp import Phase

SERVICE_NOT_AVAILABLE = 421
# RFC 5321 §4.2.1: the first digit is the verdict.
TRANSIENT = range(400, 500)
PERMANENT = range(500, 600)


def read_smtp(exc: Exception, phase: Phase) -> Outcome:
    """Read an SMTP or network error by the phase in which it came."""
    code, reply = answer_of(exc)
    text = words(code, reply) if code else f"{brief(exc)} (while {phase})"[:REPLY_LENGTH]
    if phase in (Phase.FINAL_DOT, Phase.DONE) and code not in (*TRANSIENT, *PERMANENT):
        return doubtful(text)
    before = phase is Phase.CONNECT
    if isinstance(exc, smtplib.SMTPNotSupportedError) and before:
        return halted(text)
    if code not in PERMANENT:
        dropped = not code or code == SERVICE_NOT_AVAILABLE
        return Outcome(Verdict.LATER, text, unreachable=before, never_began=before, dropped=dropped)
    if isinstance(exc, smtplib.SMTPAuthenticationError | smtplib.SMTPSenderRefused):
        return halted(text)
    if before:
        return Outcome(Verdict.LATER, text, unreachable=True, never_began=True)
    return read_refusal(text, of_recipient=isinstance(exc, smtplib.SMTPRecipientsRefused))


def answer_of(exc: Exception) -> tuple[int, bytes | str]:
    """Return the server's code and words, or (0, "") where it gave none."""
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        return next(iter(exc.recipients.values()), (0, b""))
    if isinstance(exc, smtplib.SMTPResponseException):
        return exc.smtp_code, exc.smtp_error
    return 0, ""
