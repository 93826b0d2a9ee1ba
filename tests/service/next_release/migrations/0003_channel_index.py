from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("matching", "0002_channel")]
    operations = [
        AddIndexConcurrently(
            "externalmatch", models.Index(fields=["organization", "channel"], name="match_by_channel")
        )
    ]
