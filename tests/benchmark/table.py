"""The table of all figures, and the ratios that count beside what they should be."""

from collections.abc import Iterator
from typing import Any, NamedTuple

COLUMNS = {
    "rate": "rate",
    "p50": "p50 ms",
    "p99": "p99 ms",
    "worst": "worst",
    "service µs": "service",
    "database µs": "database",
    "client µs": "client",
    "service µs a row": "service",
    "database µs a row": "database",
    "client µs a row": "client",
    "log bytes a row": "WAL",
}
NAME = 34


class Wanted(NamedTuple):
    """A figure beside its bound; a bound of None: to be said, no more."""

    label: str
    value: float | None  # None: not measured
    relation: str = ""
    bound: float | None = None


def print_table(figures: dict[str, Any]) -> None:
    """Print what was measured; what was not is left out."""
    print(f"{'':{NAME + 10}}{'':>42}{'µs a request':>27}{'µs a row':>27}{'bytes a row':>12}")
    print(f"{'':{NAME + 10}}{''.join(f'{title:>9}' for title in COLUMNS.values())}")
    for who, measured in figures["rates"].items():
        for what, values in measured.items():
            print_row(who, what, values)
    for size in figures["sizes"]:
        for what, values in size.items():
            if what != "sessions":
                print_row(f"{size['sessions'] / 1e6:g}M", what, values)
    if not figures["database is here"]:
        print("The database server runs on another machine: its processor time is left out.")
    print()
    for wanted in wanted_figures(figures):
        if (value := wanted.value) is None:
            continue
        verdict = "   "
        if wanted.bound is not None:
            is_met = value >= wanted.bound if wanted.relation == ">=" else value <= wanted.bound
            verdict = "ok " if is_met else "NOT"
        bound = "" if wanted.bound is None else f"{wanted.relation} {wanted.bound:g}"
        print(f"{verdict}  {wanted.label:<72} {value:>9.2f}   {bound}")


def print_row(who: str, what: str, values: dict[str, float]) -> None:
    if "rate" not in values:
        shown = "".join(f"{value:>9,.2f} {unit}" for unit, value in values.items())
    else:
        shown = "".join(written(values.get(name)) for name in COLUMNS)
    print(f"{who:>8}  {what:<{NAME}}{shown.rstrip()}")


def written(value: float | None) -> str:
    if value is None:
        return f"{'':>9}"
    return f"{value:>9,.0f}" if value >= 100 else f"{value:>9,.1f}"


def quotient(value: float | None, by: float | None) -> float | None:
    return value / by if value is not None and by else None


def wanted_figures(figures: dict[str, Any]) -> Iterator[Wanted]:
    rates, disk = figures["rates"], figures["megabytes per million"]

    def rate(what: str, who: str = "goalsvc", figure: str = "rate") -> float | None:
        return rates[who].get(what, {}).get(figure)

    def beside(who: str, what: str, relation: str = "", bound: float | None = None) -> Wanted:
        name = "raw statements" if who == "limit" else who
        return Wanted(f"{what}: goalsvc / {name}", quotient(rate(what), rate(what, who)), relation, bound)

    def spread(what: str) -> Wanted:
        value = quotient(rate(what, figure="p99"), rate(what, figure="p50"))
        return Wanted(f"{what}: p99 / p50", value, "<=", 4)

    def between(what: str, other: str, relation: str = "", bound: float | None = None) -> Wanted:
        return Wanted(f"{what} / {other}", quotient(rate(what), rate(other)), relation, bound)

    match, batch, sessions = "match POST", "match batch", "session batch"
    yield beside("peer", match, ">=", 1.3)
    yield beside("floor", match, ">=", 8)
    yield beside("limit", match, ">=", 0.3)
    yield spread(match)
    yield beside("peer", "match POST with external_id")
    yield beside("peer", "match POST refused", ">=", 1)
    yield between("match POST refused", match)
    yield beside("peer", "session POST", ">=", 1)
    yield beside("peer", "session POST known")
    yield beside("peer", "identity POST", ">=", 1)
    yield beside("peer", "goals list of 50", ">=", 0.8)
    yield beside("peer", "goal GET", ">=", 0.8)
    yield between(f"{batch}, 8", match, ">=", 15)
    yield beside("limit", batch, ">=", 0.8)
    yield beside("peer", batch)
    yield beside("peer", f"{batch}, 8")
    yield beside("limit", sessions, ">=", 0.6)
    yield beside("peer", sessions)
    yield beside("peer", f"{sessions}, 8")
    yield between(f"{sessions}, 8", sessions, ">=", 1.5)
    yield spread(f"{sessions}, 8")
    yield between("import_matches", batch, ">=", 1.5)
    yield between("import_sessions", sessions, ">=", 1.5)
    for who in ("goalsvc", "peer"):
        for figure in ("rate", "p50", "p99"):
            alone = rate("match POST, 7", who, figure)
            value = quotient(rate("match POST, 7 and a slow one", who, figure), alone)
            yield Wanted(f"{figure} of seven clients beside a slow one / without it: {who}", value)
    if figures["sizes"]:
        small, large = figures["sizes"][0], figures["sizes"][-1]
        for what in [name for name in large if name != "sessions"]:
            label = f"{what} at {large['sessions']:,} sessions / at {small['sessions']:,}"
            yield Wanted(label, quotient(large[what]["rate"], small[what]["rate"]), ">=", 0.9)
    for what in (match, batch):
        yield Wanted(f"WAL of a match with 10 rooms, bytes: {what}", rate(what, figure="log bytes a row"))
    # A third less than the 788 that it was.
    yield Wanted("disk of a match with 10 rooms, bytes", disk["matches"] or None, "<=", 525)
    yield Wanted("disk of a session with 3 rooms, bytes", disk["sessions"])
    yield Wanted("memory of a worker, MB", rate("memory of a worker", figure="megabytes"), "<=", 110)
    first_answer = rate("until first answer", figure="seconds")
    yield Wanted("serve until the first answer, s", first_answer, "<=", 3)
