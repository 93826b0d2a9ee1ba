"""How PostgreSQL plans what is done with many rows at once, until the end of the transaction.

Every such look-up is one descent of an index, whatever the statistics say. Left to itself the planner scans a
table as a whole that was small when it was last looked at, and after five runs of a prepared statement goes
on with one plan for any number of rows.
"""

from goalsvc.statements import Statement

# No scans of whole tables, and no compilation, which takes longer than what it would speed up.
BY_INDEX = "set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)"
# A plan for each run: one that was made while the tables were small would be kept.
EACH_ANEW = "set_config('plan_cache_mode', 'force_custom_plan', true)"

PLAN_FOR_MANY = Statement(f"SELECT {BY_INDEX}, {EACH_ANEW}")


def plan_for_many() -> None:
    """Have the statements to come in this transaction planned for many rows."""
    PLAN_FOR_MANY.fetch()
