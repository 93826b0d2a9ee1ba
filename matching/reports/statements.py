"""The statement of a report: one, over the matches and sessions of an organization in a period."""

MATCHED = """
    SELECT match.goal_id, match.session_id, session.visitor_id, match.goal_value, match.room_ids,
           width_bucket(match.goal_matched_at, %(bounds)s::timestamptz[]) AS bucket,
           date_part('epoch', match.goal_matched_at - match.session_started_at) AS lag
    FROM matching_externalmatch AS match
    LEFT JOIN matching_visitorsession AS session
           ON session.organization_id = match.organization_id AND session.id = match.session_id
    WHERE match.organization_id = %(organization)s AND match.retracted_at IS NULL
      AND match.goal_matched_at >= %(begin)s AND match.goal_matched_at < %(end)s
"""
OF_GOAL = " AND match.goal_id = %(goal)s"
IN_ROOM = " AND {table}.room_ids @> ARRAY[%(room)s]::uuid[]"
FIGURES = """
    count(*) AS match_count, count(DISTINCT session_id) AS session_count,
    count(DISTINCT visitor_id) AS visitor_count, count(goal_value) AS value_count,
    coalesce(sum(goal_value), 0.00) AS value_sum,
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY lag) AS lags
"""
PARTS = """
    SELECT goal_id, NULL::uuid AS room_id, bucket, {figures}
    FROM matched GROUP BY GROUPING SETS ((goal_id, bucket), (goal_id){and_all_goals})
"""
PARTS_BY_ROOM = """
    UNION ALL
    SELECT goal_id, in_room.room_id, bucket, {figures}
    FROM matched CROSS JOIN unnest(room_ids) AS in_room (room_id)
    WHERE TRUE {and_room}
    GROUP BY GROUPING SETS ((goal_id, in_room.room_id, bucket), (goal_id, in_room.room_id))
"""
# Bucket by bucket: an index alone has each, and that is three times faster than to sort rows into buckets.
STARTED = """
    SELECT NULL::uuid AS room_id, bucket, session.count
    FROM unnest(%(bounds)s::timestamptz[], %(ends)s::timestamptz[])
         WITH ORDINALITY AS of (bucket_begin, bucket_end, bucket)
    CROSS JOIN LATERAL (
        SELECT count(*) AS count
        FROM matching_visitorsession
        WHERE organization_id = %(organization)s AND started_at >= bucket_begin AND started_at < bucket_end
              {in_room}
    ) AS session
"""
STARTED_BY_ROOM = """
    UNION ALL
    SELECT in_room.room_id, width_bucket(started_at, %(bounds)s::timestamptz[]), count(*)
    FROM matching_visitorsession CROSS JOIN unnest(room_ids) AS in_room (room_id)
    WHERE organization_id = %(organization)s AND started_at >= %(begin)s AND started_at < %(end)s {and_room}
    GROUP BY 1, 2
"""
# A goal is shown that is not deleted, or has matches. First come the sessions that began, with nulls for
# what is of goals, then all goals together, then each by its age, each before its rooms.
REPORT = """
    WITH matched AS ({matched}), part AS ({parts}), started AS ({started}),
    shown AS (
        SELECT goal.id, goal.name, goal.deleted_at IS NOT NULL AS is_deleted, goal.created_at,
               part.room_id, part.bucket, match_count, session_count, visitor_count, value_count, value_sum,
               lags
        FROM goals_goal AS goal
        LEFT JOIN part ON part.goal_id = goal.id
        WHERE goal.organization_id = %(organization)s AND {is_shown}
        UNION ALL
        SELECT NULL, NULL, false, '-infinity', NULL, bucket, match_count, session_count, visitor_count,
               value_count, value_sum, lags
        FROM part WHERE goal_id IS NULL
        UNION ALL
        SELECT NULL, NULL, NULL, NULL, room_id, bucket, count, NULL, NULL, NULL, NULL, NULL
        FROM started
    )
    SELECT shown.id, shown.name, is_deleted, room_id, room.name, bucket, match_count, session_count,
           visitor_count, value_count, value_sum, lags
    FROM shown
    LEFT JOIN orgs_room AS room ON room.organization_id = %(organization)s AND room.id = shown.room_id
    ORDER BY shown.created_at NULLS FIRST, shown.id NULLS FIRST, room.created_at NULLS FIRST,
             room_id NULLS FIRST, bucket NULLS FIRST
"""
IS_SHOWN = "(goal.deleted_at IS NULL OR part.goal_id IS NOT NULL)"


def statement_of(*, goal: bool, room: bool, by_room: bool) -> str:
    """Write the statement of a report.

    Its rows: the goal, its name, whether it is deleted; the room and its name; the bucket from 1 on; the
    figures. Null stands for all goals, all rooms, and the total. Before all others come counts of sessions
    that began, with null for whether it is deleted.

    Args:
        goal: of one goal. room: only what was in one room. by_room: of each goal by room, too.
    """
    and_room = " AND in_room.room_id = %(room)s" if room else ""
    in_room = IN_ROOM.format(table="matching_visitorsession") if room else ""
    parts = PARTS.format(figures=FIGURES, and_all_goals="" if goal else ", (bucket), ()")
    started = STARTED.format(in_room=in_room)
    if by_room:
        parts += PARTS_BY_ROOM.format(figures=FIGURES, and_room=and_room)
        started += STARTED_BY_ROOM.format(and_room=and_room)
    matched = MATCHED
    if goal:
        matched += OF_GOAL
    if room:
        matched += IN_ROOM.format(table="match")
    return REPORT.format(
        matched=matched,
        parts=parts,
        started=started,
        is_shown="goal.id = %(goal)s" if goal else IS_SHOWN,
    )
