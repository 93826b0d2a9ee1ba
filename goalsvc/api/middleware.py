"""The way of a request through `settings.MIDDLEWARE`, past what only pages need."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from django.core.exceptions import MiddlewareNotUsed
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import ResolverMatch, get_resolver
from django.utils.module_loading import import_string

GetResponse = Callable[[HttpRequest], Any]


class ShortWay:
    """Calls a view through the middleware that follows the first, without that of pages.

    It stands in for Django's own chain: `settings.MIDDLEWARE` without `settings.PAGE_MIDDLEWARE`, with the
    hooks `process_view` and `process_exception`, and addresses that are resolved once. It saves a
    goal GET and a match POST 10 % of their processor time (docs/layers.md); a chain of Django's that can
    differ by address would let it go.
    """

    def __init__(self, middleware: Sequence[str]) -> None:
        """Args: middleware: classes or functions by their dotted names, the outermost first."""
        self.view_hooks: list[Callable[..., HttpResponseBase | None]] = []
        self.exception_hooks: list[Callable[..., HttpResponseBase | None]] = []
        chain: GetResponse = convert_exception_to_response(self.call_view)
        for name in reversed(middleware):
            try:
                made = import_string(name)(chain)
            except MiddlewareNotUsed:
                continue
            if hasattr(made, "process_view"):
                self.view_hooks.insert(0, made.process_view)
            if hasattr(made, "process_exception"):
                self.exception_hooks.append(made.process_exception)
            chain = convert_exception_to_response(made)
        self.answer = chain

    def call_view(self, request: HttpRequest) -> HttpResponseBase:
        """Answer by the view of the request's address. Raises: Http404 where there is none."""
        path = request.path_info
        # An identity is not kept anywhere but where it belongs, not even in memory.
        is_usual = len(path) < 200 and "/visitor_" not in path
        request.resolver_match = match = find_view(path) if is_usual else get_resolver().resolve(path)
        try:
            for hook in self.view_hooks:
                if (response := hook(request, match.func, match.args, match.kwargs)) is not None:
                    return response
            answer: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        except Exception as error:
            for hook in self.exception_hooks:
                if (response := hook(request, error)) is not None:
                    return response
            raise
        if isinstance(answer, SimpleTemplateResponse):  # that of DRF, from a view that is not of ours
            answer.render()
        return answer


@lru_cache(maxsize=2048)  # the same organizations and goals are named again and again
def find_view(path: str) -> ResolverMatch:
    return get_resolver().resolve(path)
