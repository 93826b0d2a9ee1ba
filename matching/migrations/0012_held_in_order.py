from django.db import migrations, models


class Migration(migrations.Migration):
    """What is held for an identity, the oldest first: an arrival settles no more than so many."""

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
    ]
