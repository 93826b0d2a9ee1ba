from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    """Indexes whose order no other has, so that the planner takes them whatever its statistics say."""

    dependencies = [("matching", "0011_one_claim")]

    operations = [
        migrations.RemoveIndex(model_name="visitorsession", name="session_latest"),
        migrations.AddIndex(
            model_name="visitorsession",
            index=models.Index(
                F("visitor"),
                F("organization"),
                F("started_at").desc(nulls_last=True),
                F("id").desc(nulls_last=True),
                name="session_latest",
            ),
        ),
        migrations.RemoveIndex(model_name="pendingmatch", name="pending_by_identity"),
        migrations.AddIndex(
            model_name="pendingmatch",
            index=models.Index(
                condition=Q(("status", "pending")),
                fields=["organization", "visitor_identity", "id"],
                name="pending_by_identity",
            ),
        ),
    ]
