from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, Warning, register

from goalsvc.replica.standby import standby


class ReplicaConfig(AppConfig):
    name = "goalsvc.replica"
    verbose_name = "Replica"


@register(Tags.database)
def check_replica(app_configs: Any, databases: Any = None, **options: Any) -> list[CheckMessage]:
    """Say why the replica cannot be read, when `manage.py check --database default` asks."""
    fault = standby.find_fault() if databases else None
    return [Warning(f"The replica is not read: {fault}.", id="replica.W001")] if fault else []
