"""What a refusal says about the address: by its status code, or else by its words."""

import re

from newsletter.bounces.values import Bounce

# RFC 3463 §2: class, subject, detail.
STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
# RFC 5321 §4.2: what stands alone before words, as in "550 no such user".
REPLY_CODE = re.compile(r"(?<![\d.])([45])[0-5]\d(?=[ -])")
# Codes are near the start; what follows is for people.
WORDS_JUDGED = 2_000
TRANSIENT = "4"
ADDRESSING = "1"
POLICY = "7"
# RFC 3463 §3.2 and RFC 7505 (10): bad mailbox, bad system, bad syntax, moved, takes no mail.
NOBODY_THERE = frozenset({"1", "2", "3", "6", "10"})
# RFC 3463 §3.2: the sender's mailbox, the sender's system.
OUR_ADDRESS = frozenset({"7", "8"})
# RFC 3463 §3.3 and §3.4: full, too long, and mail systems that are full or not reachable.
NOT_NOW = frozenset({("2", "2"), ("2", "3"), ("3", "1"), ("3", "4"), ("4", "7")})

# For servers that give no code or a vague one. The first that is found decides.
PHRASES: tuple[tuple[Bounce, re.Pattern[str]], ...] = tuple(
    (bounce, re.compile(pattern, re.IGNORECASE))
    for bounce, pattern in (
        # Microsoft's directory-based blocking says so of addresses that do not exist.
        (Bounce.GONE, r"5\.4\.1\b.{0,80}recipient address rejected: access denied"),
        # Of us, whose domain or host was not found, or of our account at a relay.
        (
            Bounce.POLICY,
            r"return[ -]path|verify (?:the )?sender|(?<!returned )(?<!return )to sender failed|"
            r"\bsender(?:'s)? (?:address|mailbox|domain|verif|not )|client host|\bhelo\b|"
            r"(?<!to )\bsender\b[^.,;:\n]{0,60}"
            r"(?:reject|denied|not found|does not exist|unknown|blocked)|"
            r"(?<!recipient )(?<!address )(?<!rcpt )(?<!mailbox )\bverif(?:y|ication) failed",
        ),
        (
            Bounce.SOFT,
            r"quota|mailbox (?:is )?full|full mailbox|over ?limit|too (?:large|big|long)|"
            r"temporar|gr[ae]ylist|time[ds]?[ -]?out|try again|connection refused|out of storage",
        ),
        (
            Bounce.POLICY,
            r"\bspam|blocked|black ?list|block ?list|polic(?:y|ies)|\bspf\b|dkim|dmarc|"
            r"reputation|banned|unsolicited|access denied|relay",
        ),
        (
            Bounce.GONE,
            r"user (?:is )?unknown|unknown (?:user|recipient|address|mailbox|account)|"
            r"no such (?:user|recipient|address|mailbox|account|person|domain)|no mailbox|"
            r"(?:user|recipient|address|account|mailbox|email)[^.\n]{0,60}"
            r"(?:does ?n[o'’]t exist|does not exist|not found|not exist)|"
            r"(?:does ?n[o'’]t|does not) have an? \S{1,60} account|invalid (?:recipient|mailbox)|"
            r"unrouteable address|previously bounced|nicht gefunden|unbekannt|"
            r"n'existe pas|no existe",
        ),
    )
)


def judge(words: str, status: str = "") -> Bounce:
    """Judge a permanent or given-up refusal; ``status`` is what a report's own field says.

    The server's own words are more exact than a status that a relay made of them. What says
    nothing of the address is soft: only enough of those in a row count.
    """
    words = words[:WORDS_JUDGED]
    codes = [match.groups() for match in STATUS.finditer(f"{words} {status}")]
    exact = [code for code in codes if code[1] != "0"]
    for kind, subject, detail in exact or codes:
        if kind == TRANSIENT or (subject, detail) in NOT_NOW:
            return Bounce.SOFT
        if subject == ADDRESSING and detail in NOBODY_THERE:
            return Bounce.GONE
        if subject == POLICY or (subject == ADDRESSING and detail in OUR_ADDRESS):
            return Bounce.POLICY
        break
    if not codes and (reply := REPLY_CODE.search(words)) and reply[1] == TRANSIENT:
        return Bounce.SOFT
    return next((bounce for bounce, pattern in PHRASES if pattern.search(words)), Bounce.SOFT)


def status_in(words: str) -> str:
    """Return the first status code that stands in words, or nothing."""
    match = STATUS.search(words[:WORDS_JUDGED])
    return match[0] if match else ""
