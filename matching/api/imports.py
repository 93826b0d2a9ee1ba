"""Files of matches and sessions, imported in the background (API.md section 6)."""

from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from goalsvc.api.bodies import GZIP_MEMBER
from goalsvc.api.errors import PayloadTooLarge, field_error, quoted
from goalsvc.api.rendering import JSONRenderer, Response
from goalsvc.api.requests import UPLOAD
from goalsvc.api.schema import describe_actions
from matching.api.documentation import imports as docs
from matching.api.parameters import ImportQuery, ListQuery
from matching.api.viewsets import MatchingViewSet
from matching.imports import metrics  # noqa: F401 - registers what /metrics tells of them
from matching.imports.options import read_options
from matching.imports.uploads import cancel, failed_rows, receive
from matching.models import ImportRun, ImportRunQuerySet
from matching.refusals import ImportNotFound, NoFailedRows
from matching.reports.downloads import CSVRenderer
from matching.serializers.imports import ImportRunSerializer


class Body:
    """The body of an upload, which is read once, from its beginning to its end."""

    def __init__(self, request: HttpRequest, format: str) -> None:
        self.request = request
        self.format = format
        self.size = int(request.META.get("CONTENT_LENGTH") or 0)
        self.is_packed = verified_encoding(request) != "identity"
        self.has_begun = False

    def read(self, size: int) -> bytes:
        part = self.request.read(size)
        if self.is_packed and not self.has_begun and part and not part.startswith(GZIP_MEMBER):
            raise ParseError("The request body is not gzip, as its Content-Encoding says.")
        self.has_begun = True
        return part


def verified_encoding(request: HttpRequest) -> str:
    """Return how the body is compressed. Raises: UnsupportedMediaType."""
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower() or "identity"
    if encoding not in {"identity", "gzip", "x-gzip"}:
        raise UnsupportedMediaType(
            encoding,
            f"The content encoding {quoted(encoding)} is not supported. Send the file as it is, or in gzip.",
        )
    return encoding


class FileParser(BaseParser):
    """Takes a file of any size; it is read by whoever keeps it. What gzip packs stays packed."""

    format = "csv"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Raises: PayloadTooLarge, before anything is read; UnsupportedMediaType."""
        body = Body(stream, self.format)
        if body.size > settings.MAX_UPLOAD_BYTES:
            raise PayloadTooLarge(settings.MAX_UPLOAD_BYTES)
        stream.META[UPLOAD] = settings.MAX_UPLOAD_BYTES
        return body


class CSVFileParser(FileParser):
    media_type = "text/csv"


class NDJSONFileParser(FileParser):
    media_type = "application/x-ndjson"
    format = "ndjson"


class NDJSONFileParserByOtherName(NDJSONFileParser):
    media_type = "application/ndjson"


class JSONLinesFileParser(NDJSONFileParser):
    media_type = "application/jsonl"


class NDJSONRenderer(BaseRenderer):
    """Lets `Accept: application/x-ndjson` ask for refused rows."""

    media_type = "application/x-ndjson"
    format = "ndjson"


@describe_actions(
    list=docs.LIST_IMPORTS,
    create=docs.CREATE_IMPORT,
    retrieve=docs.RETRIEVE_IMPORT,
    destroy=docs.CANCEL_IMPORT,
    failed_rows=docs.FAILED_ROWS,
)
class ImportViewSet(RetrieveModelMixin, MatchingViewSet):
    serializer_class = ImportRunSerializer
    parser_classes = [CSVFileParser, NDJSONFileParser, NDJSONFileParserByOtherName, JSONLinesFileParser]
    query_class = ListQuery
    open_actions = frozenset({"list", "create", "retrieve", "destroy", "failed_rows"})
    lookup_url_kwarg = "import_id"
    not_found = ImportNotFound

    def get_queryset(self) -> ImportRunQuerySet:
        return self.organization.import_runs.begun()

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = ImportQuery.check(request.query_params)
        kind = given.pop("kind", None)
        if kind is None:
            raise field_error("kind", "This parameter is required: matches or sessions.")
        body: Any = request.data
        if not isinstance(body, Body):
            raise ParseError("The request has no file: its body is empty.")
        options = read_options(self.organization, ImportRun.Kind(kind), {**given, "format": body.format})
        run, is_replay = receive(
            self.organization,
            body,
            options,
            filename=given.get("filename", ""),
            by=self.user,
            at=self.now,
            size=body.size,
        )
        location = reverse("import-detail", args=[self.organization.id, run.pk])
        headers = {"Location": request.build_absolute_uri(location)}
        if is_replay:
            headers["Idempotent-Replay"] = "true"
        answered = status.HTTP_200_OK if is_replay else status.HTTP_202_ACCEPTED
        return Response(self.get_serializer(run).data, status=answered, headers=headers)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        cancel(self.look_up(), at=self.now)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(detail=True, renderer_classes=[JSONRenderer, CSVRenderer, NDJSONRenderer])
    def failed_rows(self, request: Request, *args: Any, **kwargs: Any) -> StreamingHttpResponse:
        run = self.look_up()
        if not run.has_results:
            raise NoFailedRows
        try:
            parts = failed_rows(run)
        except FileNotFoundError:
            raise NoFailedRows from None
        media_type = "text/csv" if run.options["format"] == "csv" else "application/x-ndjson"
        name = f"{PurePath(run.results_name).stem}.{run.options['format']}"
        return StreamingHttpResponse(
            parts,
            content_type=f"{media_type}; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
