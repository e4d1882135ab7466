"""Whom a permanent refusal is about: the recipient, or us and what we send.

In doubt it is about us. Then many of them pause an issue, which can go on; were they held
against its readers, all of them would fail one by one.
"""

import re

from newsletter.bounces import Bounce, judge
from newsletter.bounces.judging import status_in
from newsletter.transport.outcomes import Outcome, Verdict

# RFC 3463 §3.2 and §3.3: address and mailbox; not the sender's (1.7, 1.8), nor a message too long
# for the mailbox (2.3).
OF_THE_RECIPIENT = re.compile(r"[45]\.(?:1\.(?![78]$)|2\.(?!3$))[0-9]+")
# For servers without codes; "User quota exceeded" may be our own.
MAILBOX = re.compile(r"mailbox|inbox|recipient|over ?quota", re.IGNORECASE)
# Servers look at us no earlier than at RCPT: Exim's "Verification failed for <our address> …
# No such user", Postfix's "Sender address rejected: Domain not found". And relays have limits
# and accounts of ours.
ABOUT_US = re.compile(
    r"\bsender\b|\bhelo\b|client host|reverse|verif(?:y|ication) failed|"
    r"\blimit|exceeded|authenticat|suspended|\brelay\b|\brecipients\b",
    re.IGNORECASE,
)
# A mailbox's own limit, in whatever words.
FULL = re.compile(r"over ?quota|mailbox (?:is )?full|full mailbox", re.IGNORECASE)
# Servers that look for the mailbox after the content say so by these; with others of the same
# subject they refuse what we wrote ("5.2.1 Content Filter agent quarantined this message").
AFTER_THE_CONTENT = re.compile(r"5\.1\.(?![78]$)[0-9]+|5\.2\.2")


def read_refusal(text: str, *, of_recipient: bool) -> Outcome:
    """Read a 5xx; ``of_recipient`` says that it answers RCPT (RFC 5321 §3.3).

    After the content only a status code (RFC 3463) speaks of the address for certain: some
    servers look for the mailbox as late as that, and words may be about what we wrote.
    """
    status = status_in(text)
    if of_recipient and not says_nobody(text, status) and is_about_us(text):
        return Outcome(Verdict.REFUSED, text)
    bounce = judge(text if of_recipient else status)
    if bounce is Bounce.GONE:
        return Outcome(Verdict.REFUSED, text, no_such_address=True)
    theirs = OF_THE_RECIPIENT if of_recipient else AFTER_THE_CONTENT
    of_mailbox = of_recipient and not status and MAILBOX.search(text)
    about_recipient = bounce is Bounce.SOFT and (theirs.fullmatch(status) or of_mailbox)
    return Outcome(Verdict.REFUSED, text, about_recipient=bool(about_recipient))


def says_nobody(text: str, status: str) -> bool:
    """Tell whether the reply's own code says that nobody is there.

    It stands right behind the reply code (RFC 2034 §4). A code farther on may be another
    server's: Exim quotes what ours answered when it asked for the sender.
    """
    own = re.match(rf"[0-9]{{3}}[ -]{re.escape(status)}\b", text) if status else None
    return own is not None and judge(status) is Bounce.GONE


def is_about_us(text: str) -> bool:
    return bool(ABOUT_US.search(text)) and not FULL.search(text)
