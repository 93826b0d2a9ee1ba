"""The types of goal conditions: what each means, and what its value must look like (API.md section 2).

The one declaration: requests are checked with it, and the admin's page makes its fields of it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class ValueForm(NamedTuple):
    """What a condition's value must look like.

    Attributes:
        kind: the field that the admin's page has for it: text, number, choice, ids, schedule (which is in
            the condition's settings) or none.
        pattern: of the whole value; empty for any text, as regexps are JavaScript's and so are not checked.
        sentence: what is said when the pattern fails.
        unit: what a number counts.
        choices: the values and what they are called.
    """

    kind: str
    pattern: str = ""
    sentence: str = ""
    unit: str = ""
    choices: tuple[tuple[str, str], ...] = ()


ANY_TEXT = ValueForm("text")
INTEGER = ValueForm("number", r"-?\d{1,18}", "Must be an integer, such as “3”.")
TWO_DECIMALS = ValueForm(
    "number", r"\d{1,12}(\.\d{1,2})?", "Must be an amount of at most two decimals, as “10.00”."
)
SECONDS = ValueForm("number", r"\d{1,9}", "Must be a whole number of seconds, such as “30”.", "seconds")
PRIORITY = ValueForm("number", r"[1-9]|10", "Must be an integer from 1 to 10.")
PRESENCE = ValueForm(
    "choice",
    r"online|offline",
    "Must be “online” or “offline”.",
    choices=(("online", "Online"), ("offline", "Offline")),
)
DEVICE = ValueForm(
    "choice",
    r"desktop|mobile|tablet|mobile,tablet",
    "Must be “desktop”, “mobile”, “tablet” or “mobile,tablet”.",
    choices=(
        ("desktop", "Desktop"),
        ("mobile", "Mobile"),
        ("tablet", "Tablet"),
        ("mobile,tablet", "Mobile or tablet"),
    ),
)
IDS = ValueForm("ids")
SCHEDULE = ValueForm("schedule")
NO_VALUE = ValueForm("none")


class ConditionType(NamedTuple):
    number: int
    name: str
    group: str
    explanation: str
    form: ValueForm = ANY_TEXT

    @property
    def is_value_required(self) -> bool:
        return self.form not in {NO_VALUE, SCHEDULE}


PAGE, VISITOR, CART, DOING, CHAT, TARGET = (
    "Page and address",
    "Visitor",
    "Cart and purchases",
    "What the visitor does",
    "Chat and waiting",
    "Targeting and experiments",
)
REGEXP = "A regular expression as JavaScript has them; capitals matter."

TYPES: Mapping[int, ConditionType] = {
    kind.number: kind
    for kind in (
        ConditionType(1, "visitor city", VISITOR, "The name of the city, such as Helsinki."),
        ConditionType(2, "CSS selector", PAGE, "Something on the page has this selector, such as #order."),
        ConditionType(3, "previous page URL regexp", PAGE, f"Of the page before this one. {REGEXP}"),
        ConditionType(4, "referrer URL regexp", PAGE, f"Of the page that led to the site. {REGEXP}"),
        ConditionType(5, "page URL regexp", PAGE, f"Of the page itself. {REGEXP}"),
        ConditionType(6, "visitor country", VISITOR, "The name of the country, such as Finland."),
        ConditionType(7, "visit count more than", VISITOR, "How often the visitor has come.", INTEGER),
        ConditionType(
            8, "cart size more than", CART, "The value of what is in the cart, such as 10.00.", TWO_DECIMALS
        ),
        ConditionType(
            9, "cart size less than", CART, "The value of what is in the cart, such as 10.00.", TWO_DECIMALS
        ),
        ConditionType(10, "product names in cart", CART, "The name of a product that is in the cart."),
        ConditionType(11, "pipeline step", DOING, "The number of the step that was reached.", INTEGER),
        ConditionType(12, "JS function returns true", PAGE, "A JavaScript expression, run in the page."),
        ConditionType(13, "visit count less than", VISITOR, "How often the visitor has come.", INTEGER),
        ConditionType(
            14, "purchase count more than", CART, "How many purchases the visitor has made.", INTEGER
        ),
        ConditionType(15, "visitor IP address regexp", VISITOR, REGEXP),
        ConditionType(16, "page URL contains", PAGE, "A part of the page's address, such as /checkout."),
        ConditionType(17, "operator presence", CHAT, "Whether an operator is there to answer.", PRESENCE),
        ConditionType(18, "after timeout", DOING, "This long after the page was opened.", SECONDS),
        ConditionType(19, "click element", DOING, "A CSS selector of what is clicked, such as #buy."),
        ConditionType(20, "click button", DOING, "The id of a button of your own."),
        ConditionType(21, "device type", VISITOR, "What the visitor looks at the page with.", DEVICE),
        ConditionType(22, "weekly schedule", DOING, "On these days, in these hours.", SCHEDULE),
        ConditionType(23, "visitor priority more than", TARGET, "A priority from 1 to 10.", PRIORITY),
        ConditionType(24, "visitor priority less than", TARGET, "A priority from 1 to 10.", PRIORITY),
        ConditionType(25, "visitor targeted", TARGET, "The visitor was targeted.", NO_VALUE),
        ConditionType(26, "visitor cart locked", CART, "The visitor's cart is locked.", NO_VALUE),
        ConditionType(27, "visitor sent lead", DOING, "The visitor sent a lead form.", NO_VALUE),
        ConditionType(
            28, "previous page URL contains", PAGE, "A part of the address of the page before this one."
        ),
        ConditionType(
            29, "referrer URL contains", PAGE, "A part of the address of the page that led to the site."
        ),
        ConditionType(
            30, "visitor has waited for", CHAT, "How long the visitor has waited at least.", SECONDS
        ),
        ConditionType(31, "has chatted", CHAT, "The visitor has chatted.", NO_VALUE),
        ConditionType(32, "chat has at least one of tags", CHAT, "The ids of the tags.", IDS),
        ConditionType(33, "target experiment group", TARGET, "The name of the group that the visitor is in."),
        ConditionType(
            34,
            "waited for first answer",
            CHAT,
            "How long the visitor has waited for the first answer.",
            SECONDS,
        ),
        ConditionType(35, "user experiment group", TARGET, "The ids of the experiment's groups.", IDS),
        ConditionType(36, "conversion probability", TARGET, "As it was predicted for the visitor."),
        ConditionType(37, "average waiting time", CHAT, "As it is predicted for the room."),
    )
}


def describe_types() -> list[dict[str, Any]]:
    """Describe the types to a program that makes a form of them, by group."""
    groups = (PAGE, VISITOR, DOING, CART, CHAT, TARGET)
    ordered = sorted(TYPES.values(), key=lambda kind: (groups.index(kind.group), kind.number))
    return [
        {
            **kind._asdict(),
            "name": kind.name[:1].upper() + kind.name[1:],
            "form": kind.form._asdict(),
        }
        for kind in ordered
    ]
