import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Two foreign keys' own indexes give way to ones in the order of lists; made without blocking the service."""

    atomic = False

    dependencies = [("matching", "0009_settled_once")]

    operations = [
        AddIndexConcurrently(
            model_name="matchattempt",
            index=models.Index(fields=["goal", "created_at", "id"], name="match_attempt_goal_list"),
        ),
        migrations.AlterField(
            model_name="matchattempt",
            name="goal",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="match_attempts",
                to="goals.goal",
            ),
        ),
        AddIndexConcurrently(
            model_name="visitoridentity",
            index=models.Index(fields=["visitor", "created_at", "id"], name="identity_visitor_list"),
        ),
        migrations.AlterField(
            model_name="visitoridentity",
            name="visitor",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="identities",
                to="matching.visitor",
            ),
        ),
    ]
