"""Planner settings for statements on many rows, until the end of the transaction.

Every look-up shall be one descent of an index, whatever the statistics say. By default the planner scans a
whole table that was small at its last ANALYZE, and after five runs of a prepared statement keeps a generic
plan. In a table that it thinks empty all indexes that begin with the organization seem to cost the same: so
where there are several, the statement asks for an order that only the right one has. (A column compared by
equality has no order; hence `x >= y AND x <= y ORDER BY x`.)
"""

from goalsvc.database.statements import Statement

# No sequential scans, nor bitmap scans of all of an organization's rows. No sort, so that the order has to
# come from the index. No JIT compilation, which takes longer than it saves.
BY_INDEX = ", ".join(
    f"set_config('{name}', 'off', true)"
    for name in ("enable_seqscan", "enable_bitmapscan", "enable_sort", "jit")
)
# Custom plans, as a generic plan made while the tables were small would be kept. It also has the checks of
# foreign keys planned anew for each row, so statements that write use `is_planned_anew` instead
# (goalsvc.database.statements).
EACH_ANEW = "set_config('plan_cache_mode', 'force_custom_plan', true)"

PLAN_FOR_MANY = Statement(f"SELECT {BY_INDEX}")


def plan_for_many() -> None:
    """Have the statements to come in this transaction planned for many rows."""
    PLAN_FOR_MANY.fetch()
