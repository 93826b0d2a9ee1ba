"""How many cores there are, and how many of them a container may use."""

import os
from contextlib import suppress
from math import ceil
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def cores() -> int:
    """Return the number of cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def usable_cores(cgroup: Path = CGROUP) -> int:
    """Return how many cores' time this process may have: a quota of a container changes that alone."""
    return min([cores(), *(ceil(quota / period) for quota, period in quotas(cgroup))])


def quotas(cgroup: Path) -> list[tuple[int, int]]:
    """Return the quota of the container and its period, in microseconds; none where there is no limit."""
    found = []
    for names in (["cpu.max"], ["cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"]):  # version 2, or 1
        with suppress(OSError, ValueError):  # no such file; `max`, which is no limit
            quota, period = (int(part) for name in names for part in (cgroup / name).read_text().split())
            if quota > 0 and period > 0:  # -1 is no limit
                found.append((quota, period))
    return found
