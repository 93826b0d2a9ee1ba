import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

# Before this, a match had an identity and a session: those of erased ones get a stand-in, one an organization.
STAND_IN = """
    WITH stand_in AS (
        INSERT INTO matching_visitor (id, organization_id, visitor_id, created_at)
        SELECT gen_random_uuid(), organization_id, 'erased', min(created_at)
        FROM matching_externalmatch WHERE session_id IS NULL GROUP BY organization_id
        ON CONFLICT (organization_id, visitor_id) DO UPDATE SET visitor_id = excluded.visitor_id
        RETURNING id, organization_id
    ),
    visit AS (
        INSERT INTO matching_visitorsession (
            id, organization_id, visitor_session_id, visitor_id, started_at, room_ids, created_at, updated_at
        )
        SELECT gen_random_uuid(), stand_in.organization_id, 'erased', stand_in.id, min(match.session_started_at),
               '{}', min(match.created_at), min(match.created_at)
        FROM stand_in JOIN matching_externalmatch AS match USING (organization_id)
        WHERE match.session_id IS NULL GROUP BY 2, 4
        ON CONFLICT (organization_id, visitor_session_id) DO UPDATE SET updated_at = excluded.updated_at
        RETURNING id, organization_id
    )
    UPDATE matching_externalmatch AS match SET session_id = visit.id
    FROM visit WHERE visit.organization_id = match.organization_id AND match.session_id IS NULL;
    UPDATE matching_externalmatch SET visitor_identity = 'erased' WHERE visitor_identity IS NULL;
    SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    """A match may outlive its identity and its session."""

    dependencies = [("matching", "0005_admin_of_unmatched")]

    operations = [
        migrations.AlterField(
            model_name="externalmatch",
            name="session",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="matches",
                to="matching.visitorsession",
            ),
        ),
        migrations.AlterField(
            model_name="externalmatch",
            name="visitor_identity",
            field=models.CharField(max_length=255, null=True),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, STAND_IN),
        # Held against the rows that there are by the next migration, without blocking writers.
        AddConstraintNotValid(
            model_name="externalmatch",
            constraint=models.CheckConstraint(
                condition=models.Q(("session__isnull", False), ("visitor_identity", None), _connector="OR"),
                name="match_has_session_unless_erased",
            ),
        ),
    ]
