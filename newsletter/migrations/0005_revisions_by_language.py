from django.db import migrations

BATCH = 100


def wrap(apps, schema_editor):
    """Put what was rendered under the language that it was rendered in."""
    Revision = apps.get_model("newsletter", "Revision")
    for revision in Revision.objects.only("pk", "rendered").iterator(chunk_size=BATCH):
        if "blocks" in revision.rendered:
            by_language = {revision.rendered["language"]: revision.rendered}
            Revision.objects.filter(pk=revision.pk).update(rendered=by_language)


def unwrap(apps, schema_editor):
    """Keep one language: English where there is it."""
    Revision = apps.get_model("newsletter", "Revision")
    for revision in Revision.objects.only("pk", "rendered").iterator(chunk_size=BATCH):
        if "blocks" not in revision.rendered:
            one = revision.rendered.get("en") or next(iter(revision.rendered.values()))
            Revision.objects.filter(pk=revision.pk).update(rendered=one)


class Migration(migrations.Migration):

    dependencies = [
        ('newsletter', '0004_search'),
    ]

    operations = [
        migrations.RunPython(wrap, unwrap),
    ]
