from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes that are the cheapest ones for their look-ups, whatever the statistics say.

    What is held for an identity, the oldest first, since an arrival settles no more than so many; and a
    visitor's sessions with their organization.
    """

    dependencies = [("matching", "0011_one_claim")]

    operations = [
        migrations.RemoveIndex(model_name="pendingmatch", name="pending_by_identity"),
        migrations.AddIndex(
            model_name="pendingmatch",
            index=models.Index(
                condition=models.Q(("status", "pending")),
                fields=["organization", "visitor_identity", "id"],
                name="pending_by_identity",
            ),
        ),
        migrations.RemoveIndex(model_name="visitorsession", name="session_latest"),
        migrations.AddIndex(
            model_name="visitorsession",
            index=models.Index(
                models.F("visitor"),
                models.F("organization"),
                models.F("started_at").desc(),
                models.F("id").desc(),
                name="session_latest",
            ),
        ),
    ]
