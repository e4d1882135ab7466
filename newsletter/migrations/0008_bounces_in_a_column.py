"""What a bounce says about the address moves from the front of the detail into its column."""

from django.db import migrations
from django.db.models import Value
from django.db.models.functions import Concat, Left, Substr

# What the code before wrote before ": ", by the kind of event.
WRITTEN = [("bounced", "gone"), ("bounced", "soft"), ("bounced", "policy"), ("rejected", "gone")]
DETAIL_LENGTH = 300


def take_out(apps, schema_editor):
    events = apps.get_model("newsletter", "DeliveryEvent").objects
    for kind, bounce in WRITTEN:
        front = f"{bounce}: "
        rows = events.filter(kind=kind, bounce="", detail__startswith=front)
        # Substr counts from one.
        rows.update(bounce=bounce, detail=Substr("detail", len(front) + 1))


def put_back(apps, schema_editor):
    events = apps.get_model("newsletter", "DeliveryEvent").objects
    for kind, bounce in WRITTEN:
        whole = Concat(Value(f"{bounce}: "), "detail")
        events.filter(kind=kind, bounce=bounce).update(bounce="", detail=Left(whole, DETAIL_LENGTH))


class Migration(migrations.Migration):

    dependencies = [
        ("newsletter", "0007_mailers_and_deadlines"),
    ]

    operations = [migrations.RunPython(take_out, put_back)]
