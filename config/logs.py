"""What must not stand in a log."""

import logging
import re

# The pages of subscribers.urls whose address is all that is needed to act for a reader.
PERSONAL = re.compile(r"(/(?:confirm|choices|u)/)[^\s?\"']+")


class Discreet(logging.Filter):
    """Keeps readers' tokens out of what a handler writes."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten addresses that hold a token; every record is logged."""
        message = record.getMessage()
        if PERSONAL.search(message):
            record.msg, record.args = PERSONAL.sub(r"\1…", message), ()
        return True
