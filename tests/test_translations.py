"""Every text that people see is said in every language that the pages offer."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import html5lib
import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import get_language_info

from tests.catalogues import CONTEXT_END, Message, read

ROOT = settings.BASE_DIR
OTHERS = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
# Templates of mails are MJML, which makemessages does not look into by itself.
ENDINGS = ("-e", "html,mjml,py,txt", "--verbosity=0")
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[a-z0-9]+|%%|\{\w*\}|#")
DATE_FORMAT = re.compile(r"[lDjFMYHiT.,: ]+")


def folder(code: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / translation.to_locale(code) / "LC_MESSAGES"


def catalogue(code: str) -> list[Message]:
    return list(read(folder(code) / "django.po"))


def pairs(message: Message) -> list[tuple[str, str]]:
    """Return each form in English with its translation, if it has one yet."""
    return [(message.english[at], text) for at, text in message.translated.items()]


@pytest.fixture(params=OTHERS)
def code(request):
    return request.param


def test_there_is_a_language_besides_english():
    assert OTHERS
    for code, name in settings.LANGUAGES:
        assert get_language_info(code)["name_local"] == name, "each is called what it calls itself"


def test_no_message_is_left_untranslated_or_only_guessed(code):
    assert [message.key for message in catalogue(code) if not message.is_complete] == []


def test_what_is_read_when_the_site_runs_is_what_the_catalogue_says(code):
    """The compiled file is kept with the source: not every machine can make it."""
    expected = {}
    for message in catalogue(code):
        if len(message.english) == 1:
            expected[message.key] = message.translated[0]
        else:
            expected |= {(message.key, at): text for at, text in message.translated.items()}
    with (folder(code) / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert {key: text for key, text in compiled._catalog.items() if key} == expected


def test_a_translation_has_the_placeholders_of_its_message(code):
    for message in catalogue(code):
        for english, translated in pairs(message):
            found = Counter(PLACEHOLDER.findall(translated))
            assert found == Counter(PLACEHOLDER.findall(english)), (english, translated)


def test_a_translation_has_the_markup_of_its_message_and_closes_it(code):
    tag = re.compile(r"<[a-z/][^<>]*>")
    for message in catalogue(code):
        for english, translated in pairs(message):
            assert sorted(tag.findall(translated)) == sorted(tag.findall(english)), translated
            parser = html5lib.HTMLParser()
            parser.parseFragment(translated)
            if tag.search(english):
                assert parser.errors == [], translated


def test_a_translation_ends_its_sentence_as_its_message_does(code):
    """Half a sentence, or a sentence with nothing to end it, was cut off or pasted wrongly."""
    for message in catalogue(code):
        for english, translated in pairs(message):
            if DATE_FORMAT.fullmatch(english):
                continue
            assert translated.strip() == translated or english.strip() != english, translated
            for ending in ".:?…":
                assert english.endswith(ending) == translated.endswith(ending), translated


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="GNU gettext is not installed")
def test_the_catalogue_has_every_message_of_the_code_and_no_other(code, tmp_path):
    for name in ("config", "newsletter", "subscribers", "templates"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.mo")
        )
    (tmp_path / "locale").mkdir()
    locale = translation.to_locale(code)
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "-l", locale, *ENDINGS],
        cwd=tmp_path,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "", "PYTHONPATH": ""},
        check=True,
    )
    made = tmp_path / "locale" / locale / "LC_MESSAGES" / "django.po"
    in_the_code = {(message.key, *message.english[1:]) for message in read(made)}
    known = {(message.key, *message.english[1:]) for message in catalogue(code)}
    assert sorted(in_the_code - known) == [], "run makemessages and translate these"
    assert sorted(known - in_the_code) == [], "run makemessages: nobody says these any more"


def test_a_message_with_a_context_is_looked_up_by_it(code):
    """The reader of catalogues above joins the two as the compiled file does."""
    with_context = [message for message in catalogue(code) if message.context]
    assert with_context
    for message in with_context:
        context, _end, english = message.key.partition(CONTEXT_END)
        with translation.override(code):
            assert translation.pgettext(context, english) == message.translated[0]
