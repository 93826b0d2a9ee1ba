from django.db import migrations


class Migration(migrations.Migration):
    """Tells, within a statement that has just waited for a lock, what was committed meanwhile.

    A function that is volatile looks in a snapshot of its own, not in that of the statement that calls it.
    """

    dependencies = [("matching", "0010_list_indexes")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION is_held(organization uuid, goal uuid, external_id text) RETURNS boolean
            LANGUAGE plpgsql VOLATILE AS $$
            BEGIN
                RETURN EXISTS (
                    SELECT FROM matching_pendingmatch AS pending
                    WHERE pending.organization_id = is_held.organization AND pending.goal_id = is_held.goal
                      AND pending.external_id = is_held.external_id AND pending.status = 'pending'
                );
            END
            $$;
            """,
            "DROP FUNCTION is_held(uuid, uuid, text);",
        )
    ]
