"""The gates before a request to subscribe: what keeps programs from filling in the form.

No gate needs a third party or a cookie, and none looks at who reads already. A caller shows
the form with a hidden ``stamp`` (``make_stamp``) and an empty hidden ``solution``, and hands
what comes back to ``admit`` once the address is sound. ``NotYet`` is answered with the same
form and the exception's stamp, to be sent once more; ``TooMany`` with 429 and Retry-After.

A program that signs people up by JSON goes through the same gates: it sends ``email``,
``stamp`` and ``solution``. Its first request, without a stamp, is answered with how long to
wait, the stamp to bring, and ``challenge_for`` it: what to solve instead of waiting for half
a minute, where work is asked for at all.
"""

from subscribers.admission.gates import Applicant, NotYet, TooMany, admit
from subscribers.admission.networks import network_of
from subscribers.admission.stamps import BadStamp, age_of, make_stamp
from subscribers.admission.work import challenge_for

__all__ = [
    "Applicant",
    "BadStamp",
    "NotYet",
    "TooMany",
    "admit",
    "age_of",
    "challenge_for",
    "make_stamp",
    "network_of",
]
