"""SQL of look-ups of visitors, identities, sessions and pending matches, each by an index."""

from matching.limits import MAX_VISITORS

# By the aliases that they have in statements.
TABLES = {"v": "visitor", "i": "visitoridentity", "s": "visitorsession", "pending": "pendingmatch"}


def look_up(
    wanted: str,
    key: str,
    value: str,
    *,
    where: str = "",
    then: str = "",
    limit: str = "LIMIT 1",
) -> str:
    """Return the SELECT of an organization's rows by the index that begins with a key.

    goalsvc.database.planning says why it asks for a range and an order.

    Args:
        wanted: the columns to select, perhaps none.
        key: a column with the alias of its table, such as `v.visitor_id`.
        where: more conditions, followed by AND.
        then: what else it orders by, after a comma.
    """
    alias, _, _ = key.partition(".")
    return f"""
        SELECT {wanted} FROM matching_{TABLES[alias]} AS {alias}
        WHERE {alias}.organization_id = %(organization)s AND {where} {key} >= {value} AND {key} <= {value}
        ORDER BY {key}{then} {limit}
    """


def count_visitors(identity: str) -> str:
    """Return SQL of the number of visitors of an identity, counted up to the limit."""
    carried = look_up("", "i.identity", identity, then=", i.visitor_id", limit=f"LIMIT {MAX_VISITORS}")
    return f"(SELECT count(*) FROM ({carried}) AS carried)"


def find_pending(wanted: str, limit: str) -> str:
    """Return the SELECT of the pending matches of `carried.identity`, the oldest first."""
    is_pending, then = "pending.status = 'pending' AND", ", pending.id"
    key = "pending.visitor_identity"
    return look_up(wanted, key, "carried.identity", where=is_pending, then=then, limit=limit)
