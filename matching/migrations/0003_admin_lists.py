import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Orders in which the admin lists tables of millions of rows; made without blocking the service."""

    atomic = False

    dependencies = [("matching", "0002_corrections_pending_attempts")]

    operations = [
        # Of all organizations, for operators, and of a year, month or day.
        AddIndexConcurrently(
            model_name="externalmatch",
            index=models.Index(fields=["created_at", "id"], name="match_newest"),
        ),
        # Of an identity: the same as before, and in order. An identity may have very many.
        AddIndexConcurrently(
            model_name="externalmatch",
            index=models.Index(
                fields=["organization", "visitor_identity", "created_at", "id"], name="match_identity_list"
            ),
        ),
        RemoveIndexConcurrently(model_name="externalmatch", name="match_identity"),
        # Of an organization, in order; takes the place of the foreign key's own index.
        AddIndexConcurrently(
            model_name="visitor",
            index=models.Index(fields=["organization", "id"], name="visitor_list"),
        ),
        migrations.AlterField(
            model_name="visitor",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="visitors",
                to="orgs.organization",
            ),
        ),
    ]
