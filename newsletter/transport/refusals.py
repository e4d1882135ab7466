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
# No such user", Postfix's "Sender address rejected: Domain not found".
ABOUT_US = re.compile(r"\bsender\b|\bhelo\b|client host|reverse|verification failed", re.IGNORECASE)


def read_refusal(text: str, *, of_recipient: bool) -> Outcome:
    """Read a 5xx; ``of_recipient`` says that it answers RCPT (RFC 5321 §3.3).

    After the content only a status code (RFC 3463) speaks of the address for certain: some
    servers look for the mailbox as late as that, and words may be about what we wrote.
    """
    status = status_in(text)
    nobody = judge(status) is Bounce.GONE
    if of_recipient and not nobody and ABOUT_US.search(text):
        return Outcome(Verdict.REFUSED, text)
    bounce = judge(text if of_recipient else status)
    if bounce is Bounce.GONE:
        return Outcome(Verdict.REFUSED, text, no_such_address=True)
    of_mailbox = of_recipient and not status and MAILBOX.search(text)
    theirs = bounce is Bounce.SOFT and (OF_THE_RECIPIENT.fullmatch(status) or of_mailbox)
    return Outcome(Verdict.REFUSED, text, about_recipient=bool(theirs))
