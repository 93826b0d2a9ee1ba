"""What is acknowledged is there once, whatever is killed or restarted meanwhile (see crash.py)."""

from tests.service.crash import loaded_service
from tests.service.processes import migrated_folder


def test_kills_and_upgrades_under_load_lose_nothing_and_double_nothing():
    """One test, because each of its parts would need the whole round."""
    with migrated_folder() as folder, loaded_service(folder) as load:
        faults = [
            load.kill_a_worker,
            load.kill_the_server,
            load.kill_the_database,
            load.upgrade,
        ]
        with load.running():
            for fault in faults:
                load.progress(40)
                fault()
            load.progress(40)
        books = load.compare()
    print(books)

    # It was a load worth the name.
    assert books.faults == {"worker": 1, "server": 1, "database": 1, "upgrade": 1}
    assert books.acknowledged > 500
    assert books.retried > 5
    assert books.held > 5
    assert books.replayed > 20

    assert (books.lost, books.found) == (0, books.acknowledged)
    assert books.doubled == 0
    assert books.unsettled == 0
    # What was asked again was answered as before, and wrote nothing.
    assert books.replayed_wrongly == 0
    # A 409 is for the key of a request whose first delivery still ran.
    assert set(books.statuses) <= {200, 201, 202, 409, 503}
