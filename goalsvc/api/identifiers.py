"""Ids from other systems (of customers, visitors, events): a wrong one would merge different people."""

import re
from typing import Any

from goalsvc.api.errors import quoted
from goalsvc.api.fields import UNSURE, TextField

# Characters that no reader sees, Unicode's format characters (Cf) above all, or tells from a space: two ids
# that look the same must be the same.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
    "|[^\\S \\t\\n]"  # white space, but for line breaks, which are seen
)

# Long numbers as spreadsheets show them (3.58401E+11, 2E+18, 3,58E+11) and programs print them as
# floating-point numbers (3.58401234567E11).
SHORTENED = re.compile(r"[+-]?\d([.,]\d+[eE][+-]?|[eE]\+)\d{1,3}", re.ASCII)

# What programs write in the place of a missing id; compared without case, quotes and brackets.
PLACEHOLDERS = frozenset(
    {
        "null", "none", "nil", "nan", "nat", "na", "undefined", "n/a", "#n/a", "n.a.", "n/d", "not set",
        "not provided", "not available", "not applicable", "unknown", "anonymous", "guest", "empty", "blank",
        "missing", "no id", "true", "false", "\\n", "-1", "array", "system.object", "object object",
        "object undefined", "object null", "object promise", "object array",
        "#null!", "#ref!", "#value!", "#name?", "#num!", "#div/0!", "#error!", "#spill!", "#calc!",
    }
)  # fmt: skip
WRAPPERS = " \"'`()[]{}<>"
# Zeros and punctuation alone, such as the nil UUID, 0.0, or the ##### of a column that is too narrow.
NOTHING = re.compile(r"[0\s!-/:-@\[-`{-~\u2010-\u2015\u2022\u2026]+")
# Template variables that were not filled in: {{customer_id}}, ${user.id}, %%email%%, *|EMAIL|*, <%= id %>.
UNFILLED = re.compile(
    r"\{\{.*\}\}|\{%.*%\}|[$#]\{.*\}|<%.*%>|%%.+%%|\*\|.+\|\*|\[%.*%\]|\[\[.+\]\]", re.DOTALL
)

# Nothing of the above but for PLACEHOLDERS: visible characters, no brackets around, and a start that rules
# out numbers that a spreadsheet has shortened (they have a point, a comma or a plus) and NOTHING.
USUAL = re.compile(r"[1-9][\w-]*|[a-z][\w.@+:/-]*", re.IGNORECASE | re.ASCII)

# For the OpenAPI description.
DESCRIPTION = (
    "Ids of others (`visitor_identity`, `visitor_id`, `visitor_session_id`, `external_id`) are texts that "
    "are compared as they are. Refused are those with invisible characters (Unicode's format characters), "
    "numbers that a spreadsheet has shortened (`3.58401E+11`), and placeholders, which would make one of "
    "many: fields that were not filled in (`{{id}}`, `${id}`, `%%id%%`, `*|ID|*`), nothing but zeros and "
    "punctuation, and in any case, quoted or in brackets: "
    + ", ".join(f"`{placeholder}`" for placeholder in sorted(PLACEHOLDERS))
    + "."
)


def is_placeholder(text: str) -> bool:
    """Tell whether a text stands for "there is no id"."""
    bare = text.strip(WRAPPERS)
    return (
        not bare
        or bare.casefold() in PLACEHOLDERS
        or NOTHING.fullmatch(bare) is not None
        or UNFILLED.search(text) is not None
    )


class IdentifierField(TextField):
    """An id from another system: text without invisible characters, neither shortened nor a placeholder."""

    default_error_messages = {
        "invisible": "Has an invisible character, U+{code:04X}, as its character {place}. Remove it.",
        "shortened": (
            "{text} is a number that a spreadsheet has shortened, so others may look the same. "
            "Format the column as text and export it again."
        ),
        "placeholder": "{text} is a placeholder, not an id: it would make one of many. Send the real one.",
    }

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        # Too long is refused by the field's validator; the search for templates takes quadratic time.
        if len(text) > (self.max_length or 0):
            return text
        if found := INVISIBLE.search(text):
            self.fail("invisible", code=ord(found[0]), place=found.start() + 1)
        if SHORTENED.fullmatch(text):
            self.fail("shortened", text=quoted(text))
        if text and is_placeholder(text):
            self.fail("placeholder", text=quoted(text))
        return text

    def read(self, data: Any) -> Any:
        if type(data) is str and USUAL.fullmatch(data) and len(data) <= (self.max_length or 0):
            return UNSURE if data.lower() in PLACEHOLDERS else data
        text = super().read(data)
        if text is UNSURE or INVISIBLE.search(text) or SHORTENED.fullmatch(text) or is_placeholder(text):
            return UNSURE
        return text
