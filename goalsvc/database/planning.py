"""How PostgreSQL plans what is done with many rows at once, until the end of the transaction.

Every such look-up is one descent of an index, whatever the statistics say. Left to itself the planner scans a
table as a whole that was small when it was last looked at, and after five runs of a prepared statement goes
on with one plan for any number of rows. Of a table that it thinks empty it takes any index that begins with
the organization, since all seem to cost the same: so where several do, the statement asks for an order that
the right one alone has. (By equality a column has no order; hence `x >= y AND x <= y ORDER BY x`.)
"""

from goalsvc.database.statements import Statement

# No scans of whole tables, nor of an organization's part of an index to make a bitmap of it. The order is an
# index's own, although to sort one row would cost nothing. No compilation, which takes longer than what it
# would speed up.
BY_INDEX = ", ".join(
    f"set_config('{name}', 'off', true)"
    for name in ("enable_seqscan", "enable_bitmapscan", "enable_sort", "jit")
)
# A plan for each run: one that was made while the tables were small would be kept. With this the checks of
# foreign keys are planned anew for each row, so the statements of matches are rather sent whole
# (goalsvc.database.statements).
EACH_ANEW = "set_config('plan_cache_mode', 'force_custom_plan', true)"

PLAN_FOR_MANY = Statement(f"SELECT {BY_INDEX}")


def plan_for_many() -> None:
    """Have the statements to come in this transaction planned for many rows."""
    PLAN_FOR_MANY.fetch()
