"""Columns of CSV files: what they are called here, and in the programs that write such files."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from matching.files import UnusableFileError


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of CSV files of one kind, and what the importer of a file says of its own."""

    required: frozenset[str]
    optional: frozenset[str]
    aliases: Mapping[str, str]
    renamed: Mapping[str, str] = field(default_factory=dict)  # ours by the name in the file
    ignored: Sequence[str] = ()

    @property
    def ours(self) -> frozenset[str]:
        return self.required | self.optional


MATCH_COLUMNS = Columns(
    required=frozenset({"visitor_identity", "goal_matched_at", "rooms"}),
    optional=frozenset({"goal_id", "goal_value", "external_id", "if_unmatched"}),
    aliases={"custom_visitor_identity": "visitor_identity"},
)
SESSION_COLUMNS = Columns(
    required=frozenset({"visitor_session_id", "visitor_id", "started_at", "rooms"}),
    optional=frozenset({"ended_at", "visitor_identity"}),
    aliases={"custom_visitor_identity": "visitor_identity"},
)
# What the results file adds to a row; ignored when the row is fed back.
VERDICT_COLUMNS = ("row", "status", "code", "detail", "reason")
# What other programs call our columns, as `plain` writes it. Such a column is not taken for ours by itself:
# whoever imports says so.
OTHER_NAMES = {
    "visitor_identity": (
        "email emailaddress mail customer customerid customernumber customeremail clientid client contactid "
        "contact userid user identity loyaltyid cardnumber memberid phone phonenumber customvisitorid"
    ),
    "goal_matched_at": (
        "timestamp time date datetime matchedat createdat created orderdate purchasedat purchasedate "
        "transactiondate conversiontime conversiondate conversiondatetime occurredat eventtime eventdate "
        "paidat processedat soldat saledate closedate"
    ),
    "rooms": "room roomid roomids store storeid shop shopid location locationid",
    "goal_id": "goal goaluuid",
    "goal_value": (
        "amount value revenue total price sum totalprice totalamount ordertotal ordervalue grandtotal "
        "subtotal conversionvalue saleamount netamount grossamount turnover"
    ),
    "external_id": (
        "orderid order ordernumber orderno transactionid transaction receipt receiptid receiptnumber invoice "
        "invoiceid invoicenumber eventid externalreference reference dealid saleid externalorderid"
    ),
    "if_unmatched": "hold ifnotmatched",
    "visitor_session_id": "session sessionid visitsessionid visitid",
    "visitor_id": "visitor deviceid clientid gaclientid cookieid anonymousid",
    "started_at": "start starttime started sessionstart timestamp begin beganat startdate firstseen",
    "ended_at": "end endtime ended sessionend enddate lastseen finishedat",
}


def plain(name: str) -> str:
    """Return a column's name without case, spaces, hyphens and underscores."""
    return re.sub(r"[\s_\-]+", "", name).casefold()


def names_of(header: Sequence[str], columns: Columns) -> list[str]:
    """Return what the columns of a file are called here; those that nobody reads keep their names.

    Raises: UnusableFileError for a missing or a doubled column, and for one that is probably meant to be
        one of ours.
    """
    known = {plain(name): name for name in columns.ours} | {plain(k): v for k, v in columns.aliases.items()}
    said = {plain(theirs): name for theirs, name in columns.renamed.items()}
    there = {plain(name) for name in header}
    for name in [*columns.renamed, *columns.ignored]:
        if plain(name) not in there:
            raise UnusableFileError(f"The file has no column {name}. It has: {listed(header)}.")
    ignored = {plain(name) for name in columns.ignored}
    names = []
    for title in header:
        if plain(title) in ignored:
            names.append("")
        elif plain(title) in said:
            names.append(said[plain(title)])
        elif plain(title) in known and known[plain(title)] not in said.values():
            names.append(known[plain(title)])
        else:
            names.append(title)
    doubled = sorted(name for name, count in Counter(names).items() if count > 1 and name)
    if doubled:
        raise UnusableFileError(f"The header has a column twice: {', '.join(doubled)}.")
    missing = sorted(columns.ours - set(names))
    others = [title for title in unread(header, names, columns) if plain(title) not in ignored]
    probable: list[str] = []
    for name in missing:
        probable += [
            f"The column “{title}” is probably {name}, which is missing: say --column "
            f"{name}={quoted(title)} to read it, or --ignore-column {quoted(title)}."
            for title in others
            if is_meant(title, name)
        ]
    lacking = [name for name in missing if name in columns.required]
    if lacking:
        probable.insert(0, f"The header lacks {', '.join(lacking)}. It has: {listed(header)}.")
    if probable:
        raise UnusableFileError(" ".join(probable))
    return names


def is_meant(title: str, name: str) -> bool:
    """Tell whether a column of another name is plainly meant to be one of ours."""
    found = plain(title)
    return found in OTHER_NAMES.get(name, "").split() or bool(
        get_close_matches(found, [plain(name)], cutoff=0.8)
    )


def listed(header: Sequence[str]) -> str:
    return ", ".join(filter(None, header)) or "nothing"


def quoted(name: str) -> str:
    """Return a name as a shell takes it."""
    return name if re.fullmatch(r"[\w.]+", name) else f"'{name}'"


def unread(header: Sequence[str], names: Sequence[str], columns: Columns) -> list[str]:
    """Return the columns that nobody reads, without those of a results file."""
    read = columns.ours
    if set(VERDICT_COLUMNS) <= set(names):
        read |= set(VERDICT_COLUMNS)
    return [title for title, name in zip(header, names, strict=True) if title and name not in read]
