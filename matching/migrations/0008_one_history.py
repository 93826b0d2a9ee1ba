from django.conf import settings
from django.db import migrations

# The database writes decimals as answers do; a channel was not kept, but corrections came by API and admin.
TAKE_OVER = """
    INSERT INTO orgs_historyentry (
        id, organization_id, kind, object_id, label, action, changes, changed_at, changed_by_id,
        changed_by_name, channel, request_id
    )
    SELECT change.id, change.organization_id, 'match', change.match_id, '', change.kind,
           jsonb_build_object('goal_value', jsonb_build_array(change.old_value::text, change.new_value::text))
           || CASE change.kind
                  WHEN 'retracted' THEN '{"is_retracted": [false, true]}'::jsonb
                  WHEN 'restored' THEN '{"is_retracted": [true, false]}'::jsonb
                  ELSE '{}'::jsonb
              END,
           change.changed_at, change.changed_by_id, coalesce(person.email, ''), 'api', NULL
    FROM matching_matchchange AS change
    LEFT JOIN orgs_user AS person ON person.id = change.changed_by_id
    ON CONFLICT (id) DO NOTHING
"""
# The history keeps its rows: it is append-only. Taken over again, they are there already.
GIVE_BACK = """
    INSERT INTO matching_matchchange (
        id, organization_id, match_id, kind, old_value, new_value, changed_at, changed_by_id
    )
    SELECT entry.id, entry.organization_id, entry.object_id, entry.action,
           (entry.changes -> 'goal_value' ->> 0)::numeric, (entry.changes -> 'goal_value' ->> 1)::numeric,
           entry.changed_at, person.id
    FROM orgs_historyentry AS entry
    JOIN matching_externalmatch AS match ON match.id = entry.object_id
    LEFT JOIN orgs_user AS person ON person.id = entry.changed_by_id
    WHERE entry.kind = 'match' AND entry.action IN ('restated', 'retracted', 'restored')
"""


class Migration(migrations.Migration):
    """The corrections of matches go into the one history."""

    dependencies = [
        ("matching", "0007_validate_erased_matches"),
        ("orgs", "0003_history_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(TAKE_OVER, GIVE_BACK),
        # Neither direction of a table's making goes together with deferred checks of its foreign keys.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.DeleteModel(name="MatchChange"),
    ]
