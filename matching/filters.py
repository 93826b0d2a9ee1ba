"""The filters of lists, read from the query string."""

from rest_framework.request import Request

from goalsvc.api.errors import field_error
from goalsvc.api.parsing import FORBIDDEN_CHARACTERS, FORBIDDEN_CHARACTERS_MESSAGE


def text_filters(request: Request, **lookups: str) -> dict[str, str]:
    """Read exact-text filters.

    Args:
        lookups: the parameter's name, and the lookup that it stands for.

    Returns: arguments of `QuerySet.filter`, of the given parameters alone.
    Raises: ValidationError naming a parameter that no stored text can equal.
    """
    wanted = {}
    for parameter, lookup in lookups.items():
        text = request.query_params.get(parameter)
        if text is None:
            continue
        if FORBIDDEN_CHARACTERS.search(text):
            raise field_error(parameter, FORBIDDEN_CHARACTERS_MESSAGE)
        wanted[lookup] = text.strip()
    return wanted
