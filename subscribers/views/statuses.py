"""Statuses that answers have in common."""

# RFC 9110 §15.5.21: understood, but what it says cannot be done.
UNPROCESSABLE = 422
# §15.5.11: it was here, and comes back no more.
GONE = 410
# §15.5.10: something else stands in the way, which the person can do something about.
CONFLICT = 409
# RFC 6585 §4: more than one may send in an hour.
TOO_MANY = 429
