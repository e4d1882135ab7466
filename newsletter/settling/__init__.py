"""Settling: doubtful and failed messages, as an operator or the mail server's log decides."""

from newsletter.settling.by_hand import Answer, fitting, settle
from newsletter.settling.by_log import Found, look_up, settle_by_log

__all__ = ["Answer", "Found", "fitting", "look_up", "settle", "settle_by_log"]
