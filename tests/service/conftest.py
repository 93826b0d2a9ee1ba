"""What several modules of this folder start: a service with the demo world."""

import re
from collections.abc import Iterator

import pytest

from tests.service.processes import Service, migrated_folder


class DemoWorld:
    """A running service with the demo world, and what it has printed of that."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.url = f"http://127.0.0.1:{service.port}"
        self.organization = self.printed("organization")[0]
        self.rooms = self.printed("rooms")
        self.goals = self.printed("goals")
        self.manager = self.printed("manager's token")[0]
        self.integrator = self.printed("integrator's token")[0]

    def printed(self, name: str) -> list[str]:
        found = re.search(rf"^  {name} +(.+)$", self.service.text, re.M)
        assert found, self.service.text
        return found[1].split()


@pytest.fixture(scope="module")
def demo_world() -> Iterator[DemoWorld]:
    with migrated_folder() as folder, Service(folder, "--demo") as service:
        yield DemoWorld(service)
