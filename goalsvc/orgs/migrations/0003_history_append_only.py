from django.db import migrations


class Migration(migrations.Migration):
    """Whatever runs in the database: what the history says, it says for good."""

    dependencies = [("orgs", "0002_history")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'The history is append-only: no row of it is changed or deleted.'
                    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'history_append_only';
            END
            $$;
            CREATE TRIGGER history_append_only BEFORE UPDATE OR DELETE ON orgs_historyentry
                FOR EACH STATEMENT EXECUTE FUNCTION history_is_append_only();
            """,
            """
            DROP TRIGGER history_append_only ON orgs_historyentry;
            DROP FUNCTION history_is_append_only();
            """,
        )
    ]
