"""Parsing: text in, values and diagnostics out. Pure: no Django, no files, no clock."""

from newsletter.parsing.cleaning import clean, one_line
from newsletter.parsing.labels import fold
from newsletter.parsing.reading import PUBLICATION, parse_issue
from newsletter.parsing.values import (
    Diagnostic,
    Level,
    Parse,
    ParsedIssue,
    ParsedStory,
    ParsedThread,
    SourceRef,
)
from newsletter.parsing.writing import normal_form, write_canonical

__all__ = [
    "PUBLICATION",
    "Diagnostic",
    "Level",
    "Parse",
    "ParsedIssue",
    "ParsedStory",
    "ParsedThread",
    "SourceRef",
    "clean",
    "fold",
    "normal_form",
    "one_line",
    "parse_issue",
    "write_canonical",
]
