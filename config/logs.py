"""What must not stand in a log."""

import logging
import re

# The pages whose address is all that is needed to act or read for a reader.
PERSONAL = re.compile(r"(/(?:confirm|choices|u|f|feed|read|address)/)[^\s?\"']+")


class Discreet(logging.Filter):
    """Keeps readers' tokens out of what a handler writes."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten addresses that hold a token; every record is logged."""
        message = record.getMessage()
        if PERSONAL.search(message):
            record.msg, record.args = PERSONAL.sub(r"\1…", message), ()
        return True
