from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from goalsvc.replica.models import note_write
from matching.management.naming import identity_named, organization_named
from matching.privacy.erasure import erase_identity
from matching.privacy.export import count_holdings


class Command(BaseCommand):
    help = (
        "Erase a visitor identity: its visitors, unless another identity uses them, their sessions and its "
        "held matches. Its matches stay for the figures, without it. It cannot be undone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("identity", metavar="IDENTITY", help="“-”: read from standard input")
        parser.add_argument("--organization", metavar="ID", required=True)
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *, identity: str, organization: str, yes: bool, **options: Any) -> None:
        owner = organization_named(organization)
        if identity == "-" and not yes:
            raise CommandError("With the identity on standard input nothing can be asked: add --yes.")
        identity = identity_named(identity)
        if not yes:
            held = ", ".join(f"{count} {name}" for name, count in count_holdings(owner, identity).items())
            if input(f"Held: {held}. Erase it? It cannot be undone. Type yes: ").strip() != "yes":
                raise CommandError("Nothing was erased.")
        erased = erase_identity(owner, identity, by=None, at=timezone.now())
        note_write(owner.id)
        if erased is None:
            raise CommandError("Nothing is held about this visitor identity.")
        for name, count in asdict(erased).items():
            self.stdout.write(f"{count:>12,}  {name}")
