"""Many logins at once, against a running service; `python -m tests.service.logins` measures their cost."""

import time

from tests.service.logins import LOGIN_CLIENTS, log_in, run_clients
from tests.service.processes import Service, migrated_folder

SECONDS = 3


def test_whoever_logs_in_without_pause_is_slowed_down_and_keeps_no_thread():
    with migrated_folder() as folder, Service(folder, "--workers", "1") as service:
        until = time.monotonic() + SECONDS
        wait = run_clients(LOGIN_CLIENTS, lambda number: log_in(service.port, until, number, is_spread=False))
        while time.monotonic() < until:
            assert service.get("/healthz") == 200
        statuses = wait()
    assert statuses.keys() == {200, 429}
    assert 0 < statuses[200] < 30  # then the client is locked out
    # Each waits a second for each refusal.
    assert 0 < statuses[429] <= LOGIN_CLIENTS * (SECONDS + 1)
