"""Draws a run: rates beside the peer's, what a row costs whom, latencies, and rates at all sizes."""

from typing import Any

WHO = ("service", "database", "client")
PAIR = ("goalsvc", "peer")
LATENCIES = ("p50", "p99", "worst")


def plot(figures: dict[str, Any], path: str) -> None:
    """Draw the figures of a run; matplotlib is needed for nothing else."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rates, sizes = figures["rates"], figures["sizes"]
    figure, axes = pyplot.subplots(2, 3, figsize=(24, 14), layout="constrained")
    [[ratios, single, batch], [latency, slow, growth]] = axes
    draw_ratios(ratios, rates)
    draw_processor(single, "a single request", {who: without_batches(rates[who]) for who in PAIR})
    draw_processor(batch, "a row of a batch", {who: batches(rates[who]) for who in PAIR})
    draw_latency(latency, rates["goalsvc"])
    draw_slow(slow, rates)
    draw_sizes(growth, sizes)
    figure.savefig(path, dpi=100)


def batches(measured: dict[str, Any]) -> dict[str, Any]:
    return {what: values for what, values in measured.items() if "batch" in what}


def without_batches(measured: dict[str, Any]) -> dict[str, Any]:
    return {what: values for what, values in measured.items() if "batch" not in what}


def draw_ratios(axes: Any, rates: dict[str, Any]) -> None:
    """How many times the peer's rate goalsvc's is."""
    peers = rates["peer"]
    found = {
        what: values["rate"] / peers[what]["rate"]
        for what, values in reversed(rates["goalsvc"].items())
        if "rate" in values and "rate" in peers.get(what, {})
    }
    bars = axes.barh(list(found), list(found.values()))
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set(title="rate: goalsvc / peer")


def draw_processor(axes: Any, of_what: str, rates: dict[str, Any]) -> None:
    """What a row costs service, database and client, with goalsvc and with the peer."""
    rows = {
        f"{what}: {who}": values
        for what in reversed(rates["goalsvc"])
        for who in ("peer", "goalsvc")
        if "service µs a row" in (values := rates[who].get(what, {}))
    }
    left = [0.0] * len(rows)
    for who in WHO:
        widths = [values.get(f"{who} µs a row", 0.0) for values in rows.values()]
        axes.barh(list(rows), widths, left=left, label=who)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axes.tick_params(axis="y", labelsize=7)
    axes.set(title=f"processor time of {of_what}", xlabel="microseconds")
    axes.legend()


def draw_latency(axes: Any, ours: dict[str, Any]) -> None:
    """Half, nearly all, and the slowest of goalsvc's answers."""
    rows = {what: values for what, values in reversed(ours.items()) if "p50" in values}
    for name, marker in zip(LATENCIES, "o|x", strict=True):
        axes.plot([values[name] for values in rows.values()], list(rows), marker, label=name)
    axes.set(title="latency of goalsvc", xlabel="milliseconds", xscale="log")
    axes.grid(axis="x", alpha=0.3)
    axes.legend()


def draw_slow(axes: Any, rates: dict[str, Any]) -> None:
    """What seven clients wait for beside a slow one, and without it."""
    rows = {
        f"{who}: {what}": values
        for who in reversed(PAIR)
        for what, values in reversed(rates[who].items())
        if what.startswith("match POST, 7")
    }
    for name, marker in zip(LATENCIES, "o|x", strict=True):
        axes.plot([values[name] for values in rows.values()], list(rows), marker, label=name)
    axes.set(title="latency beside a slow client", xlabel="milliseconds", xscale="log")
    axes.grid(axis="x", alpha=0.3)
    axes.legend()


def draw_sizes(axes: Any, sizes: list[dict[str, Any]]) -> None:
    """Rates at all sizes, as a share of that at the smallest."""
    sessions = [size["sessions"] for size in sizes]
    for what in sizes[0] if sizes else ():
        if what != "sessions":
            share = [size[what]["rate"] / sizes[0][what]["rate"] for size in sizes]
            axes.semilogx(sessions, share, marker="o", label=what)
    axes.set(title="rate / at the fewest sessions", xlabel="sessions", ylim=(0, None))
    if sizes:
        axes.legend()
