"""Columns of CSV files: what they are called here, and in the programs that write such files."""

import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from goalsvc.api.serializers import ObjectSerializer
from matching.imports.files import UnusableFileError
from matching.serializers.inputs import IDENTITY, IDENTITY_ALIAS, MATCH
from matching.serializers.visitors import SESSION


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


def columns_of(form: ObjectSerializer) -> Columns:
    """Return the columns of a file of what a client posts: its attributes."""
    written = {name: field for name, field in form.fields.items() if not field.read_only}
    required = frozenset(name for name, field in written.items() if field.required)
    return Columns(required, frozenset(written) - required, {IDENTITY_ALIAS: IDENTITY})


SESSION_COLUMNS = columns_of(SESSION)
# Of matches whose goal is said once for all of the file; a row may still name another.
MATCH_COLUMNS = columns_of(MATCH)
MATCH_COLUMNS = replace(MATCH_COLUMNS, optional=MATCH_COLUMNS.optional | {"goal_id"})
# What the results file adds to a row; ignored when the row is fed back.
VERDICT_COLUMNS = ("row", "status", "code", "detail", "reason")
# What other programs call our columns, as `plain` writes it. Such a column is read as ours only where the
# user says so.
OTHER_NAMES = {
    "visitor_identity": (
        "email emailaddress mail customer customerid customernumber customerno customeremail clientid client "
        "contactid contact userid user identity loyaltyid cardnumber memberid memberno phone phonenumber "
        "mobile msisdn personid accountid account subscriberid crmid customvisitorid kundennummer kundenid "
        "kunde kundnummer asiakas asiakasnumero asiakasid numeroclient idcliente cliente"
    ),
    "goal_matched_at": (
        "timestamp time date datetime matchedat createdat created orderdate purchasedat purchasedate "
        "transactiondate conversiontime conversiondate conversiondatetime occurredat eventtime eventdate "
        "paidat processedat soldat soldon saledate closedate closedat completedat createdon purchasedon "
        "purchasetime ordertime orderedat orderedon matchtime datum zeit zeitpunkt bestelldatum kaufdatum "
        "päivämäärä aika ostopäivä tilauspäivä fecha"
    ),
    "rooms": (
        "room roomid roomids store storeid shop shopid location locationid branch branchid outlet filiale "
        " myymälä kauppa butik magasin tienda"
    ),
    "goal_id": "goal goaluuid",
    "goal_value": (
        "amount value revenue total price sum totalprice totalamount ordertotal ordervalue grandtotal "
        "subtotal conversionvalue saleamount salesamount netamount grossamount turnover netvalue grossvalue "
        "netprice grossprice netsales grosssales orderamount orderprice orderrevenue transactionvalue "
        "transactionamount transactionrevenue amountpaid paidamount dealvalue dealamount "
        "betrag gesamtbetrag preis umsatz wert summe summa hinta arvo loppusumma belopp montant prix importe"
    ),
    "external_id": (
        "orderid order ordernumber orderno transactionid transaction receipt receiptid receiptnumber invoice "
        "invoiceid invoicenumber invoiceno eventid externalreference reference referenceid dealid saleid "
        "externalorderid purchaseid purchaseorder ordername orderref orderreference receiptno ticketnumber "
        "ticketid transactionno dedupid deduplicationid bestellnummer bestellnr auftragsnummer "
        "auftragsnr belegnummer belegnr rechnungsnummer rechnungsnr tilausnumero "
        "kuittinumero ordernummer numerocommande pedido"
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


def called(header: Sequence[str], columns: Columns) -> list[str]:
    """Return what the columns of a file are called here; those that nobody reads keep their names, and those
    to be ignored have none.
    """
    known = {plain(name): name for name in columns.ours} | {plain(k): v for k, v in columns.aliases.items()}
    said = {plain(theirs): name for theirs, name in columns.renamed.items()}
    ignored = dict.fromkeys(map(plain, columns.ignored), "")
    unsaid = {title: name for title, name in known.items() if name not in said.values()}
    meant = unsaid | said | ignored
    return [meant.get(plain(title), title) for title in header]


def doubled_in(names: Sequence[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1 and name)


def probably_meant(header: Sequence[str], names: Sequence[str], columns: Columns) -> list[tuple[str, str]]:
    """Return the columns that nobody reads and each of ours that they may be, which is missing."""
    ignored = set(map(plain, columns.ignored))
    others = [title for title in unread(header, names, columns) if plain(title) not in ignored]
    missing = sorted(columns.ours - set(names))
    return [(title, name) for name in missing for title in others if is_meant(title, name)]


def names_of(header: Sequence[str], columns: Columns) -> list[str]:
    """Return what the columns of a file are called here, as `called`.

    Raises: UnusableFileError for a missing or a doubled column, and for one that is probably meant to be
        one of ours.
    """
    there = {plain(name) for name in header}
    for name in [*columns.renamed, *columns.ignored]:
        if plain(name) not in there:
            raise UnusableFileError(f"The file has no column {name}. It has: {listed(header)}.")
    names = called(header, columns)
    if doubled := doubled_in(names):
        raise UnusableFileError(f"The header has a column twice: {', '.join(doubled)}.")
    probable = [
        f"The column “{title}” is probably {name}, which is missing: say --column "
        f"{name}={shlex.quote(title)} to read it, or --ignore-column {shlex.quote(title)}."
        for title, name in probably_meant(header, names, columns)
    ]
    if lacking := sorted(columns.required - set(names)):
        probable.insert(0, f"The header lacks {', '.join(lacking)}. It has: {listed(header)}.")
    if probable:
        raise UnusableFileError(" ".join(probable))
    return names


# What names of columns have beside what they name: a unit, a currency, a sign for "number".
BESIDES = re.compile(
    r"\(.*?\)|\[.*?\]|(?<![a-z])(eur|euro|euros|usd|gbp|sek|nok|dkk|chf|pln|czk|inr|jpy|aud|cad|brl|utc|gmt|"
    r"cet|local|incl|excl|inc|ex|vat|tax|alv|mwst)(?![a-z])",
    re.IGNORECASE,
)


def is_meant(title: str, name: str) -> bool:
    """Tell whether a column of another name is plainly meant to be one of ours."""
    if len(title) > 200:  # what follows takes quadratic time
        return False
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", title)  # camelCase
    words = re.sub(r"[\W_]+", " ", BESIDES.sub(" ", apart)).casefold().split()
    others = OTHER_NAMES.get(name, "").split()
    # As it is, or behind a word for whose it is: “order total”, “shop revenue EUR”.
    if any("".join(words[start:]) in others for start in range(len(words))):
        return True
    return bool(get_close_matches("".join(words), [plain(name)], cutoff=0.8))


def listed(header: Sequence[str]) -> str:
    return ", ".join(filter(None, header)) or "nothing"


def unread(header: Sequence[str], names: Sequence[str], columns: Columns) -> list[str]:
    """Return the columns that nobody reads, without those of a results file."""
    read = columns.ours
    if set(VERDICT_COLUMNS) <= set(names):
        read |= set(VERDICT_COLUMNS)
    return [title for title, name in zip(header, names, strict=True) if title and name not in read]
