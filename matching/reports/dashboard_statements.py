"""The statements of the dashboard, over the rows of organizations in the last 60 days.

None of them reads a whole table: each begins with the organizations, by an index that holds what is counted.
"""

# Where there is one organization, it is named as a parameter: a database that is spread by organization then
# asks one machine.
OF_SEVERAL, OF_ONE = "organization_id = ANY(%(organizations)s::uuid[])", "organization_id = %(organization)s"

# By the moment of the event: a total of each day, and the goals with the most matches. Day by day, because
# the index match_report then tells a row's day, and holds all else that is counted; by goal only where goals
# are shown, as that takes as long again.
OF_EACH_DAY = """
    SELECT day.number, matched.*
    FROM unnest(%({days})s::timestamptz[], %(next_{days})s::timestamptz[]) WITH ORDINALITY
         AS day (begin, "end", number)
    CROSS JOIN LATERAL (
        SELECT {goal} AS goal_id, count(*) AS count, sum(goal_value) AS value
        FROM matching_externalmatch
        WHERE organization_id = ANY(%(organizations)s::uuid[]) AND retracted_at IS NULL
          AND goal_matched_at >= day.begin AND goal_matched_at < day."end"
        GROUP BY {grouping}
    ) AS matched
"""
MATCHED = """
    WITH before AS ({before}), counted AS ({counted}),
    top AS (
        SELECT goal_id, sum(count) AS count, sum(value) AS value FROM counted
        GROUP BY 1 ORDER BY 2 DESC, 3 DESC NULLS LAST, 1 LIMIT %(top)s
    )
    SELECT number - %(length)s, NULL::uuid AS organization_id, NULL::uuid AS id, NULL AS name, count, value
    FROM before
    UNION ALL
    SELECT number, NULL, NULL, NULL, sum(count)::bigint, sum(value) FROM counted GROUP BY 1
    UNION ALL
    SELECT NULL, goal.organization_id, goal.id, goal.name, top.count::bigint, top.value
    FROM top
    JOIN goals_goal AS goal
      ON goal.organization_id = ANY(%(organizations)s::uuid[]) AND goal.id = top.goal_id
    ORDER BY 1, 5 DESC, 6 DESC NULLS LAST, 3
""".format(
    before=OF_EACH_DAY.format(days="days_before", goal="NULL::uuid", grouping="()"),
    counted=OF_EACH_DAY.format(days="days", goal="goal_id", grouping="goal_id"),
)

# By the moment of recording, retracted matches included: how many each user posted, and how they came, by
# whole hours: the last one, in how many hours and days, and what came in the stretch of the week that is
# silent now, one week ago and two weeks ago. Read by 24 hours, all from the index match_list.
RECORDED = """
    WITH hourly AS (
        SELECT found.*
        FROM unnest(%(begins)s::timestamptz[], %(ends)s::timestamptz[]) AS span (begin, "end")
        CROSS JOIN LATERAL (
            SELECT organization_id, created_by_id AS user_id, max(created_at) AS latest, count(*) AS count,
                   date_bin('1 hour', created_at, '2000-01-01 00:00+00') AS hour
            FROM matching_externalmatch
            WHERE organization_id = ANY(%(organizations)s::uuid[])
              AND created_at >= span.begin AND created_at < span."end"
            GROUP BY organization_id, created_by_id, hour
        ) AS found
    ), timed AS (
        SELECT *, max(hour) OVER (PARTITION BY organization_id, user_id) AS last_hour FROM hourly
    ), compared AS (
        SELECT *, hour > last_hour - week AND hour < %(hour)s - week AS is_week_before,
               hour > last_hour - 2 * week AND hour < %(hour)s - 2 * week AS is_week_before_that
        FROM timed CROSS JOIN (SELECT interval '168 hours' AS week) AS length
    )
    SELECT organization_id, user_id, coalesce(sum(count) FILTER (WHERE hour >= %(month)s), 0)::bigint,
           coalesce(sum(count) FILTER (WHERE hour >= %(week)s), 0)::bigint,
           coalesce(sum(count) FILTER (WHERE hour >= %(day)s), 0)::bigint,
           max(latest), sum(count)::bigint, count(*),
           count(DISTINCT date_bin('1 day', hour, '2000-01-01 00:00+00')),
           least(count(*) FILTER (WHERE is_week_before), count(*) FILTER (WHERE is_week_before_that)),
           least(coalesce(sum(count) FILTER (WHERE is_week_before), 0),
                 coalesce(sum(count) FILTER (WHERE is_week_before_that), 0))::bigint
    FROM compared GROUP BY 1, 2
"""

REFUSED = """
    SELECT organization_id, code, count(*), count(*) FILTER (WHERE created_at >= %(week)s),
           count(*) FILTER (WHERE created_at >= %(day)s)
    FROM matching_matchattempt
    WHERE organization_id = ANY(%(organizations)s::uuid[]) AND created_at >= %(month)s
    GROUP BY 1, 2
"""

# By how many hours the newest attempts without a session came too early, where that looks like a time zone:
# the reason says so, or the session began some minutes less than so many hours later.
SLIPS = """
    SELECT organization.id, newest.hours, count(*)
    FROM unnest(%(with_missing)s::uuid[]) AS organization (id)
    CROSS JOIN LATERAL (
        SELECT coalesce(slip, CASE
                   WHEN gap > 0 AND ceil(gap) - gap <= %(rest)s AND ceil(gap) <= %(hours)s
                   THEN ceil(gap)::int
               END) AS hours
        FROM (
            SELECT (reason ->> 'time_zone_slip_hours')::int AS slip,
                   (reason ->> 'next_session_starts_after_seconds')::float8 / 3600 AS gap
            FROM matching_matchattempt AS attempt
            WHERE attempt.organization_id = ANY(%(organizations)s::uuid[])
              AND attempt.organization_id = organization.id AND attempt.code = %(missing)s
              AND attempt.created_at >= %(day)s
            ORDER BY attempt.created_at DESC, attempt.id DESC LIMIT %(limit)s
        ) AS attempt
    ) AS newest
    GROUP BY 1, 2
"""

HELD = """
    SELECT organization_id, count(*) FILTER (WHERE created_at > %(day_ago)s),
           count(*) FILTER (WHERE created_at <= %(day_ago)s AND created_at > %(week_ago)s),
           count(*) FILTER (WHERE created_at <= %(week_ago)s),
           count(*) FILTER (WHERE expires_at <= %(soon)s), min(expires_at)
    FROM matching_pendingmatch
    WHERE organization_id = ANY(%(organizations)s::uuid[]) AND status = 'pending' AND expires_at > %(now)s
    GROUP BY 1
"""

# What there is at all, for the first steps.
EXISTING = """
    SELECT EXISTS (SELECT FROM orgs_room WHERE organization_id = ANY(%(organizations)s::uuid[])),
           EXISTS (SELECT FROM goals_goal
                   WHERE organization_id = ANY(%(organizations)s::uuid[]) AND deleted_at IS NULL),
           EXISTS (SELECT FROM orgs_user
                   WHERE organization_id = ANY(%(organizations)s::uuid[]) AND is_active AND NOT is_staff),
           EXISTS (SELECT FROM orgs_apitoken AS token JOIN orgs_user AS owner ON owner.id = token.user_id
                   WHERE owner.organization_id = ANY(%(organizations)s::uuid[])
                     AND token.revoked_at IS NULL),
           EXISTS (SELECT FROM matching_visitorsession
                   WHERE organization_id = ANY(%(organizations)s::uuid[])),
           EXISTS (SELECT FROM matching_externalmatch
                   WHERE organization_id = ANY(%(organizations)s::uuid[])),
           EXISTS (SELECT FROM matching_matchattempt
                   WHERE organization_id = ANY(%(organizations)s::uuid[])),
           EXISTS (SELECT FROM matching_pendingmatch
                   WHERE organization_id = ANY(%(organizations)s::uuid[]))
"""
