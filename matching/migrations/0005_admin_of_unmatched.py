import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Orders in which the admin lists held, rejected and retracted ones; made without blocking the service."""

    atomic = False

    dependencies = [
        ("goals", "0001_initial"),
        ("matching", "0004_attempts_by_external_id"),
    ]

    operations = [
        # Retracted matches are few among very many: without these a page of them reads the whole table.
        AddIndexConcurrently(
            model_name="externalmatch",
            index=models.Index(
                fields=["organization", "created_at", "id"],
                condition=models.Q(retracted_at__isnull=False),
                name="match_retracted_list",
            ),
        ),
        AddIndexConcurrently(
            model_name="externalmatch",
            index=models.Index(
                fields=["created_at", "id"],
                condition=models.Q(retracted_at__isnull=False),
                name="match_retracted_newest",
            ),
        ),
        # Rejected attempts of all organizations, for operators and for pruning.
        AddIndexConcurrently(
            model_name="matchattempt",
            index=models.Index(fields=["created_at", "id"], name="match_attempt_newest"),
        ),
        # By the filters of the list, of which one value may be rare.
        AddIndexConcurrently(
            model_name="matchattempt",
            index=models.Index(
                fields=["organization", "code", "created_at", "id"], name="match_attempt_code"
            ),
        ),
        AddIndexConcurrently(
            model_name="matchattempt",
            index=models.Index(
                fields=["organization", "source", "created_at", "id"], name="match_attempt_source"
            ),
        ),
        # By identity: the same as before, and in order. A faulty client may send one very often.
        AddIndexConcurrently(
            model_name="matchattempt",
            index=models.Index(
                fields=["organization", "visitor_identity", "created_at", "id"],
                name="match_attempt_identity_list",
            ),
        ),
        RemoveIndexConcurrently(model_name="matchattempt", name="match_attempt_identity"),
        # By the request, which support is told; all rows of a batch have the same.
        AddIndexConcurrently(
            model_name="matchattempt",
            index=models.Index(
                fields=["organization", "request_id", "created_at", "id"],
                condition=models.Q(request_id__isnull=False),
                name="match_attempt_request",
            ),
        ),
        # Held matches by status, for an organization and for operators: all that ever were are kept, and
        # few of them still wait.
        AddIndexConcurrently(
            model_name="pendingmatch",
            index=models.Index(
                fields=["organization", "status", "created_at", "id"], name="pending_status_list"
            ),
        ),
        AddIndexConcurrently(
            model_name="pendingmatch",
            index=models.Index(fields=["status", "id"], name="pending_status_newest"),
        ),
        # Of a goal, in order; takes the place of the foreign key's own index.
        AddIndexConcurrently(
            model_name="pendingmatch",
            index=models.Index(fields=["goal", "created_at", "id"], name="pending_goal_list"),
        ),
        migrations.AlterField(
            model_name="pendingmatch",
            name="goal",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="pending_matches",
                to="goals.goal",
            ),
        ),
        # By what support is told, whatever became of them: the indexes so far have only what still waits.
        AddIndexConcurrently(
            model_name="pendingmatch",
            index=models.Index(
                fields=["organization", "visitor_identity", "created_at", "id"], name="pending_identity_list"
            ),
        ),
        AddIndexConcurrently(
            model_name="pendingmatch",
            index=models.Index(
                fields=["organization", "external_id"],
                condition=models.Q(external_id__isnull=False),
                name="pending_external_id",
            ),
        ),
    ]
