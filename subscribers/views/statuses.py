"""Statuses that answers have in common."""

# RFC 9110 §15.5.21: understood, but what it says cannot be done.
UNPROCESSABLE = 422
