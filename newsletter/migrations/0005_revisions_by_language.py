from django.conf import settings
from django.db import migrations

BATCH = 100


def wrap(apps, schema_editor):
    """Put what was rendered under the language that it was rendered in."""
    Revision = apps.get_model("newsletter", "Revision")
    for revision in Revision.objects.only("pk", "rendered").iterator(chunk_size=BATCH):
        if "blocks" in revision.rendered:
            by_language = {revision.rendered["language"]: revision.rendered}
            Revision.objects.filter(pk=revision.pk).update(rendered=by_language)


def melted(segments, values):
    """Return segments without the slots that ``values`` are for, which stand in their place."""
    pieces = [segments[0]]
    for slot, literal in zip(segments[1::2], segments[2::2]):
        if slot in values:
            pieces[-1] += values[slot] + literal
        else:
            pieces += (slot, literal)
    return pieces


def as_before(rendered):
    """Return a rendered issue of which the composer from before knows every block and slot.

    In place of a reader's own page stands the issue's in the archive. Nobody can be welcomed,
    and the links to mute a source lead nowhere: there are no mutes.
    """
    values = {"read": f"{settings.BASE_URL}/archive/{rendered['slug']}/", "mute": ""}
    blocks = [
        {**block, **{form: melted(block[form], values) for form in ("html", "text")}}
        for block in rendered["blocks"]
        if block["kind"] != "welcome"
    ]
    return {**rendered, "blocks": blocks}


def unwrap(apps, schema_editor):
    """Keep one language, English where there is it, as it was rendered before."""
    Revision = apps.get_model("newsletter", "Revision")
    for revision in Revision.objects.only("pk", "rendered").iterator(chunk_size=BATCH):
        if "blocks" not in revision.rendered:
            one = revision.rendered.get("en") or next(iter(revision.rendered.values()))
            Revision.objects.filter(pk=revision.pk).update(rendered=as_before(one))


class Migration(migrations.Migration):

    dependencies = [
        ('newsletter', '0004_search'),
    ]

    operations = [
        migrations.RunPython(wrap, unwrap),
    ]
