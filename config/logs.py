"""What must not stand in a log."""

import logging
import re

# The pages whose address is all that is needed to act or read for a reader.
PERSONAL = re.compile(r"(/(?:confirm|choices|u|f|feed|read|address)/)[^\s?\"']+")


# An error may quote whom it is about; a worker's name looks alike, and stands in messages.
ADDRESS = re.compile(r"[^\s<>\"'(),:;@]+@[^\s<>\"'(),:;@]+")
AS_USUAL = logging.Formatter()


class Discreet(logging.Filter):
    """Keeps readers' tokens, and out of errors their addresses, from what a handler writes."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten what tells of a reader; every record is logged."""
        message = record.getMessage()
        if PERSONAL.search(message):
            record.msg, record.args = PERSONAL.sub(r"\1…", message), ()
        if record.exc_info and not record.exc_text:
            # A formatter writes what stands here instead of the error.
            told = AS_USUAL.formatException(record.exc_info)
            record.exc_text = ADDRESS.sub("…", PERSONAL.sub(r"\1…", told))
        return True
