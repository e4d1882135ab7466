"""Messages as mail servers and mailbox providers write them, about a message of ours.

Written for these tests after the RFCs and after what such servers are known to say; nobody's
real mail is in here.
"""

from __future__ import annotations

OURS = "0b6f3a52-8a54-4a0e-9c62-5d7c1f0a9d11@news.example.org"
SENDER = "bounces@news.example.org"
READER = "ada@readers.example"

ORIGINAL_HEADERS = f"""\
Return-Path: <{SENDER}>
From: Engineering @ Scale <digest@news.example.org>
To: {READER}
Subject: Ropes that last
Message-ID: <{OURS}>
List-Id: <daily.news.example.org>
Feedback-ID: daily-2026-11-20:daily:digest:broadsheet
"""
ORIGINAL = f"""{ORIGINAL_HEADERS}
Signal of the day. 550 5.1.1 is a code; user unknown is a phrase.
"""


def multipart(
    kind: str, *parts: tuple[str, str], headers: str = "", subtype: str = "report"
) -> bytes:
    """Put parts together: (type, content) each."""
    report = f"; report-type={kind}" if kind else ""
    body = "".join(f"--=_b\nContent-Type: {type_}\n\n{content}\n" for type_, content in parts)
    return (
        "From: Mail Delivery System <MAILER-DAEMON@mx.example>\n"
        f"To: {SENDER}\nSubject: Undelivered Mail Returned to Sender\n"
        "Message-ID: <dsn-1@mx.example>\nDate: Fri, 20 Nov 2026 11:30:00 +0000\n"
        f"Auto-Submitted: auto-replied\n{headers}MIME-Version: 1.0\n"
        f'Content-Type: multipart/{subtype}{report}; boundary="=_b"\n\n{body}--=_b--\n'
    ).encode()


def dsn(
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 <ada@readers.example>: no such user",
    *,
    headers: str = "",
    more: str = "",
) -> bytes:
    """Make a report as RFC 3464 has it."""
    fields = (
        "Reporting-MTA: dns; mx.example\nArrival-Date: Fri, 20 Nov 2026 11:00:00 +0000\n\n"
        f"Final-Recipient: rfc822; {READER}\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: {diagnostic}\n{more}"
    )
    return multipart(
        "delivery-status",
        ("text/plain", "This is the mail system at host mx.example.\n"),
        ("message/delivery-status", fields),
        ("message/rfc822", ORIGINAL),
        headers=headers,
    )


def arf(kind: str = "abuse", original: str = ORIGINAL, fields: str = "") -> bytes:
    """Make a complaint report as RFC 5965 has it."""
    return multipart(
        "feedback-report",
        ("text/plain", "This is an email abuse report.\n"),
        (
            "message/feedback-report",
            f"Feedback-Type: {kind}\nUser-Agent: SomeFBL/1.0\nVersion: 1\n{fields}",
        ),
        ("message/rfc822", original),
    )


def plain(text: str, *, sender: str = "MAILER-DAEMON@mx.example", headers: str = "") -> bytes:
    return (
        f"From: {sender}\nTo: {SENDER}\nSubject: failure notice\n{headers}"
        f"Date: Fri, 20 Nov 2026 11:30:00 +0000\n\n{text}"
    ).encode()


QMAIL = plain(
    f"""Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{READER}>:
192.0.2.7 does not like recipient.
Remote host said: 550 5.1.1 sorry, no mailbox here by that name
Giving up on 192.0.2.7.

--- Below this line is a copy of the message.

{ORIGINAL}"""
)
EXIM = plain(
    f"""This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {READER}
    SMTP error from remote mail server after RCPT TO:<{READER}>:
    host mx.readers.example [192.0.2.7]: 550 Unrouteable address

------ This is a copy of the message, including all the headers. ------

{ORIGINAL}""",
    headers=f"X-Failed-Recipients: {READER}\nAuto-Submitted: auto-replied\n",
)
EXIM_WARNING = plain(
    f"""This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on mx.example.

  {READER}
    Delay reason: SMTP timeout while connected

{ORIGINAL}""",
    headers="Auto-Submitted: auto-replied\n",
)
POSTFIX_OLD = plain(
    f"""This is the Postfix program at host mx.example.

I'm sorry to have to inform you that your message could not be
be delivered to one or more recipients. It's attached below.

<{READER}>: host mx.readers.example[192.0.2.7] said: 552 5.2.2 Mailbox full
    (in reply to RCPT TO command)

{ORIGINAL}"""
)
EXCHANGE_OLD = plain(
    f"""Your message did not reach some or all of the intended recipients.

      Subject:  Ropes that last
      Sent:     20/11/2026 12:00

The following recipient(s) could not be reached:

      {READER} on 20/11/2026 12:01
            The e-mail account does not exist at the organization this message was sent to.
            <mx.readers.example #5.1.1>

Original message headers:

{ORIGINAL_HEADERS}""",
    sender="System Administrator <postmaster@readers.example>",
)
GMAIL_OLD = plain(
    f"""Delivery to the following recipient failed permanently:

     {READER}

Technical details of permanent failure:
Google tried to deliver your message, but it was rejected by the server for the recipient
domain readers.example by mx.readers.example. [192.0.2.7].

The error that the other server returned was:
550 5.7.1 Our system has detected that this message is likely unsolicited mail.

----- Original message -----

{ORIGINAL}""",
    sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
)
SENDMAIL = plain(
    f"""The original message was received at Fri, 20 Nov 2026 12:00:00 GMT

   ----- The following addresses had permanent fatal errors -----
<{READER}>
    (reason: 550 5.1.2 Host unknown)

   ----- Transcript of session follows -----
550 5.1.2 <{READER}>... Host unknown (Name server: readers.example: host not found)

{ORIGINAL}"""
)
YAHOO = plain(
    f"""Sorry, we were unable to deliver your message to the following address.

<{READER}>:
554: delivery error: dd This user doesn't have a readers.example account ({READER}) [0]

--- Original message follows.

{ORIGINAL}"""
)
EXCHANGE_ONLINE = dsn(
    status="5.4.1",
    diagnostic="smtp; 550 5.4.1 Recipient address rejected: Access denied. AS(201806281)",
)
HTML_ONLY = (
    "From: postmaster@readers.example\nSubject: Undeliverable: Ropes that last\n"
    f"To: {SENDER}\nIn-Reply-To: <{OURS}>\nContent-Type: text/html\n\n"
    "<html><body><p><b>Delivery has failed to these recipients:</b></p>"
    f"<p>{READER}</p><p>550 5.1.10 RESOLVER.ADR.RecipientNotFound</p></body></html>"
).encode()
VACATION = (
    f"From: Ada <{READER}>\nTo: {SENDER}\nSubject: Away until Monday\nReturn-Path: <>\n"
    f"In-Reply-To: <{OURS}>\nAuto-Submitted: auto-replied (vacation)\n\n"
    "I am away. In urgent cases write to bob@readers.example; user unknown means that he is too.\n"
).encode()
OLD_VACATION = (
    f"From: Ada <{READER}>\nTo: {SENDER}\nSubject: Out of office\nPrecedence: auto_reply\n"
    f"References: <{OURS}>\n\nI am away.\n"
).encode()
RECEIPT = multipart(
    "disposition-notification",
    ("text/plain", "Your message was displayed.\n"),
    (
        "message/disposition-notification",
        f"Final-Recipient: rfc822; {READER}\nOriginal-Message-ID: <{OURS}>\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n",
    ),
)
PERSON = (
    f"From: Ada <{READER}>\nTo: {SENDER}\nSubject: Undelivered?\n\n"
    "Hello, my colleague says that his mail could not be delivered. What is this?\n"
).encode()
WITH_A_FOOTER = multipart(
    "",
    ("text/plain", "A list's own footer.\n"),
    ('multipart/report; report-type=delivery-status; boundary="=_c"', ""),
    subtype="mixed",
).replace(
    b"--=_b--",
    b"--=_c\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
    b"Final-Recipient: rfc822; ada@readers.example\nAction: failed\nStatus: 5.1.1\n\n"
    b"--=_c\nContent-Type: text/rfc822-headers\n\n" + ORIGINAL_HEADERS.encode() + b"\n"
    b"--=_c--\n--=_b--",
)

SAMPLES = {
    "rfc 3464": dsn(),
    "complaint": arf(),
    "qmail": QMAIL,
    "exim": EXIM,
    "exim warning": EXIM_WARNING,
    "postfix old": POSTFIX_OLD,
    "exchange old": EXCHANGE_OLD,
    "exchange online": EXCHANGE_ONLINE,
    "gmail old": GMAIL_OLD,
    "sendmail": SENDMAIL,
    "yahoo": YAHOO,
    "html only": HTML_ONLY,
    "vacation": VACATION,
    "old vacation": OLD_VACATION,
    "receipt": RECEIPT,
    "person": PERSON,
    "with a footer": WITH_A_FOOTER,
}
