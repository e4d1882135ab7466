"""Bounces that are written for people, by servers that know no better or did not once."""

from __future__ import annotations

import re

from newsletter.bounces.judging import judge
from newsletter.bounces.mime import Mail
from newsletter.bounces.values import Happening, Outcome

# The text before the copy of our message.
WORDS_READ = 20_000
FROM_A_SERVER = re.compile(r"mailer-daemon|postmaster|mail ?delivery|<>", re.IGNORECASE)
# Only of a delay: the same servers say later that they have given up.
DELAYED = re.compile(
    r"this is a warning (?:message )?only|has not yet been delivered|delivery incomplete|"
    r"delivery (?:is |has been |)(?:delayed|temporarily)|will (?:continue to|keep|be) retr|"
    r"could not be delivered for the last|warning: message .{1,60} delayed",
    re.IGNORECASE,
)
FAILED = re.compile(
    # qmail (QSBMF), Exim, Postfix, sendmail, Exchange, Gmail, Yahoo, Notes, in this order.
    r"^hi\. this is the |created automatically by mail delivery software|"
    r"this is the (?:postfix program|mail system) at host|"
    r"the following addresses had (?:permanent )?(?:fatal )?(?:delivery )?errors|"
    r"did not reach (?:some or all of )?the (?:intended|following) recipient|"
    r"could not be delivered to|delivery to the following recipients? failed|"
    r"(?:address|message) (?:not found|blocked|not delivered)|"
    r"(?:unable|not able|failed) to deliver|undeliver|delivery (?:has )?failed|"
    r"returned (?:mail|message|to sender)|delivery (?:failure|status notification)|"
    r"could not be (?:delivered|reached)|unzustellbar|konnte nicht zugestellt werden",
    re.IGNORECASE | re.MULTILINE,
)
COPY = re.compile(
    r"^[-\s]{0,40}(?:below this line is a copy|this is a copy of (?:the|your) message|"
    r"original message|returned message|message header|unsent message below|"
    r"(?:the )?headers? of the)|^(?:return-path|received|dkim-signature):",
    re.IGNORECASE | re.MULTILINE,
)
# A server's own words: a line with a code in it, and the next ones where they go on.
ANSWER = re.compile(
    r"^.{0,300}?(?:(?<![\d.])[45]\d\d[ -]|(?<![\d.])[45]\.\d{1,3}\.\d{1,3}\b).*", re.MULTILINE
)


def read_informal(mail: Mail) -> Outcome | None:
    """Read a bounce out of the text of a message; None where it does not look like one."""
    text = text_for_people(mail)
    subject = mail.header("Subject")
    if not is_from_a_server(mail, text):
        return None
    if DELAYED.search(text) or DELAYED.search(subject):
        return Outcome(Happening.DELAYED, answer_in(text) or subject)
    if FAILED.search(text) or FAILED.search(subject) or mail.header("X-Failed-Recipients"):
        words = answer_in(text)
        return Outcome(Happening.FAILED, words or subject, judge(words or text))
    return None


def is_from_a_server(mail: Mail, text: str) -> bool:
    """Tell a server's message from a person's, who may quote one or set up an absence note."""
    sender = f"{mail.header('From')} {mail.header('Sender')}"
    return bool(
        mail.header("X-Failed-Recipients")
        or FROM_A_SERVER.search(sender)
        or text.startswith("Hi. This is the ")
    )


def text_for_people(mail: Mail) -> str:
    """Return what a server wrote, without the copy of our message."""
    texts = mail.texts("text/plain") or mail.texts("text/html")
    text = (texts[0] if texts else "").strip()[:WORDS_READ]
    copy = COPY.search(text)
    return text[: copy.start()] if copy else text


def answer_in(text: str) -> str:
    """Return the remote server's answer as it stands in the text, or nothing."""
    match = ANSWER.search(text)
    if not match:
        return ""
    following = text[match.end() :].split("\n\n")[0].split("\n")[:3]
    return " ".join(" ".join([match[0], *following]).split())
