"""What must not stand in a log: readers' tokens, and in errors what looks like an address."""

import logging
import re

# The pages whose address is all that is needed to act or read for a reader.
PERSONAL = re.compile(r"(/(?:confirm|choices|u|f|feed|read|address)/)[^\s?\"']+")


# An error may quote whom it is about; a worker's name looks alike, and stands in messages.
# A match begins with its word, or a long one would be gone through from each of its letters; a
# quoted local part has at most 64 octets (RFC 5321 §4.5.3.1.1).
ADDRESS = re.compile(
    r"""(?:"(?:\\.|[^"\\\n]){0,64}\\?"|"""
    r"""(?<![^\s<>"'(),:;@])(?<!\w')(?:[^\s<>"'(),:;@]|(?<=\w)'(?=\w))++)"""
    r"""@(?:\[[^]\s]{0,64}\]|[^\s<>"'(),:;@]+)"""
)
AS_USUAL = logging.Formatter()


class Discreet(logging.Filter):
    """Keeps readers' tokens, and out of errors their addresses, from what a handler writes."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten what tells of a reader; every record is logged."""
        message = record.getMessage()
        if PERSONAL.search(message):
            record.msg, record.args = PERSONAL.sub(r"\1…", message), ()
        told = record.exc_text
        if record.exc_info and not told:
            told = AS_USUAL.formatException(record.exc_info)
        if told:
            # A formatter writes what stands here instead of the error.
            record.exc_text = ADDRESS.sub("…", PERSONAL.sub(r"\1…", told))
        return True
