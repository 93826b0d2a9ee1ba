"""Identities that differ from an unknown one as programs make them differ: a hint for who posts it.

Identities stay compared exactly, since those of some systems differ in case alone. The hint says in what the
known one differs, and does not name it: reasons are kept, and who is named there could not be erased.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from goalsvc.database.parameters import text_array
from goalsvc.database.statements import Statement
from goalsvc.orgs.models import Organization

# No more identities of a batch are compared: a few hints show what is wrong with a program.
MAX_IDENTITIES = 200
MAX_ZEROS = 6
QUOTES = "\"'`"

DIGITS = re.compile(r"[0-9]+")
DECIMAL = re.compile(r"([0-9]+)\.0+")  # what becomes of a number in a column of floats

KNOWN = Statement("""
    SELECT form.number
    FROM unnest(%(forms)s::text[]) WITH ORDINALITY AS form (identity, number)
    CROSS JOIN LATERAL (
        SELECT i.identity
        FROM matching_visitoridentity AS i
        WHERE i.organization_id = %(organization)s
          AND i.identity >= form.identity AND i.identity <= form.identity
        ORDER BY i.identity
        LIMIT 1
    ) AS known
""")


class KnownForm(NamedTuple):
    """An unknown identity, in what it differs from a known one, and that one."""

    identity: str
    difference: str
    known: str


def find_differences(organization: Organization, identities: Iterable[str]) -> dict[str, str]:
    """Return in what the unknown identities differ from known ones of the organization; one statement."""
    found: dict[str, str] = {}
    for form in find_known_forms(organization, identities):
        found.setdefault(form.identity, form.difference)
    return found


def find_known_forms(organization: Organization, identities: Iterable[str]) -> list[KnownForm]:
    """Return the known identities of the organization that resemble the unknown ones; one statement."""
    sought = [
        KnownForm(identity, difference, form)
        for identity in list(dict.fromkeys(identities))[:MAX_IDENTITIES]
        for difference, form in forms_of(identity)
        if form and form != identity
    ]
    if not sought:
        return []
    rows = KNOWN.fetch(organization=organization.id, forms=text_array(form.known for form in sought))
    return [sought[number - 1] for number in sorted(int(number) for (number,) in rows)]


def forms_of(identity: str) -> Iterator[tuple[str, str]]:
    """Yield other forms of an identity, each after the word for what is different then."""
    for form in (identity.lower(), identity.upper(), identity.capitalize(), identity.title()):
        yield "case", form
    for name in ("NFC", "NFD", "NFKC"):
        yield "its Unicode form", unicodedata.normalize(name, identity)
    yield "case and its Unicode form", unicodedata.normalize("NFKC", identity).lower()
    bare = identity.strip(QUOTES)
    yield "surrounding quotes", bare
    if bare == identity:
        for quote in QUOTES:
            yield "surrounding quotes", f"{quote}{identity}{quote}"
    if found := DECIMAL.fullmatch(identity):
        yield "a final .0", found[1]
    number = identity.removeprefix("+")
    if DIGITS.fullmatch(number):
        has_plus = number != identity
        yield "a plus sign", number if has_plus else f"+{identity}"
        significant = number.lstrip("0")
        both = "a plus sign and leading zeros"
        yield both if has_plus else "leading zeros", significant
        for zeros in range(1, MAX_ZEROS + 1):
            yield both if has_plus else "leading zeros", f"{'0' * zeros}{number}"
        yield both, f"+{significant}"
        yield "a final .0", f"{number}.0"
