"""A "z" in the index of the search is spelled as a sign: as it was, it began those signs, too."""

import re
import unicodedata

from django.db import migrations
from django.db.models import Q

# A character that is no letter or digit of ASCII, by its number; a digit, where a word begins.
SIGN = re.compile("z([0-9a-f]{1,6})z")
HIGHEST = 0x10FFFF
# Of these scripts each character is a word, whatever it is.
UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003fffd]")
LETTER = "z7az"
ANY = re.compile("z[0-9a-f]+z")


def is_sign(number, at):
    if number > HIGHEST:
        return False
    character = chr(number)
    if character.isascii():
        return character.isdigit() and at == 0
    if UNSPACED.match(character):
        return at == 0
    folded = unicodedata.normalize("NFKD", character).casefold()
    return folded == character and unicodedata.category(character)[0] in "LN"


def spelled_anew(word):
    spelled, at = "", 0
    while at < len(word):
        found = SIGN.match(word, at)
        if found and is_sign(int(found[1], 16), at):
            spelled, at = spelled + found[0], found.end()
        else:
            spelled, at = spelled + (LETTER if word[at] == "z" else word[at]), at + 1
    return spelled


def as_before(word):
    return ANY.sub(lambda found: "z" if found[0] == LETTER else found[0], word)


def rewrite(apps, spell):
    passages = apps.get_model("newsletter", "WebPassage").objects
    rows = passages.filter(Q(title_words__contains="z") | Q(words__contains="z"))
    for row in rows.only("title_words", "words").iterator():
        passages.filter(pk=row.pk).update(
            title_words=" ".join(map(spell, row.title_words.split(" "))),
            words=" ".join(map(spell, row.words.split(" "))),
        )


def apart(apps, schema_editor):
    rewrite(apps, spelled_anew)


def together(apps, schema_editor):
    rewrite(apps, as_before)


class Migration(migrations.Migration):

    dependencies = [
        ("newsletter", "0009_claims_in_order"),
    ]

    operations = [migrations.RunPython(apart, together)]
