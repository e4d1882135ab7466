"""Catalogues of translations, read as they stand in their files."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CONTEXT_END = "\x04"  # what separates a context from its message in a .mo file
LINE = re.compile(r'(?:(msgctxt|msgid_plural|msgid|msgstr(?:\[(\d)\])?) )?(".*")')


@dataclass
class Message:
    """A message in English, and what stands for it; the second form is the plural."""

    context: str = ""
    english: list[str] = field(default_factory=list)
    translated: dict[int, str] = field(default_factory=dict)
    is_fuzzy: bool = False

    @property
    def key(self) -> str:
        parts = (self.context, self.english[0])
        return CONTEXT_END.join(part for part in parts if part)

    @property
    def is_complete(self) -> bool:
        return not self.is_fuzzy and set(self.translated) == set(range(len(self.english)))


def read(path: Path) -> Iterator[Message]:
    """Yield the messages of a .po file, without its head and what is marked as obsolete."""
    for block in path.read_text(encoding="utf-8").strip().split("\n\n"):
        message = message_of(block.splitlines())
        if message.english and message.english[0]:
            yield message


def message_of(lines: list[str]) -> Message:
    message, kind, number = Message(), "", 0
    for line in lines:
        if line.startswith("#"):
            message.is_fuzzy |= line.startswith("#,") and "fuzzy" in line
            continue
        found = LINE.fullmatch(line)
        assert found, f"no line of a catalogue: {line}"
        if found[1]:
            kind, number = found[1].partition("[")[0], int(found[2] or 0)
        add(message, kind, number, ast.literal_eval(found[3]), begins=bool(found[1]))
    message.translated = {at: text for at, text in message.translated.items() if text}
    return message


def add(message: Message, kind: str, number: int, text: str, *, begins: bool) -> None:
    """Add a line of a message to the text that it begins, or goes on with."""
    if kind == "msgctxt":
        message.context += text
    elif kind == "msgstr":
        message.translated[number] = message.translated.get(number, "") + text
    elif begins:
        message.english.append(text)
    else:
        message.english[-1] += text
