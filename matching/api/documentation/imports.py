"""Of imports of files."""

from django.conf import settings

from goals.refusals import GoalNotFound
from goals.serializers import GOAL_EXAMPLE
from goalsvc.api import errors
from goalsvc.api.schema import Answer, FieldErrors, Operation, Refusal, refusal_of
from goalsvc.orgs.documentation import USER_EXAMPLE
from matching import refusals
from matching.api.documentation.examples import MATCH_INPUT, OTHER_ROOM, listing
from matching.api.parameters import ImportQuery, ListQuery
from matching.serializers.imports import FailedRowSerializer, ImportRunSerializer

NOT_FOUND = refusal_of(refusals.ImportNotFound)
IMPORT = {
    "id": "0199d6a6-91d7-7a08-9a3e-bf8d2c4061d0",
    "kind": "matches",
    "status": "running",
    "filename": "purchases-2016-10.csv",
    "size": 48_211_330,
    "options": {
        "format": "csv",
        "goal_id": GOAL_EXAMPLE["id"],
        "hold": False,
        "dry_run": False,
        "encoding": None,
        "time_zone": "Europe/Helsinki",
        "ambiguous": None,
        "decimal_comma": True,
        "column": ["goal_value=Amount"],
        "ignore_column": [],
    },
    "rows_done": 120_000,
    "rows_total": 401_220,
    "counts": {
        "created": 117_310,
        "replayed": 2_204,
        "pending": 0,
        "failed": 486,
        "by_code": {"session_not_found": 480, "validation_error": 6},
    },
    "unread_columns": ["Cashier"],
    "created_at": "2016-11-01T06:00:00.512Z",
    "created_by_user_id": USER_EXAMPLE["id"],
    "started_at": "2016-11-01T06:00:00.730Z",
    "finished_at": None,
    "error": None,
}
QUEUED = {
    **IMPORT,
    "status": "queued",
    "rows_done": 0,
    "rows_total": None,
    "counts": {"created": 0, "replayed": 0, "pending": 0, "failed": 0, "by_code": {}},
    "unread_columns": [],
    "started_at": None,
}

ROW = {
    "visitor_identity": MATCH_INPUT["visitor_identity"],
    "goal_matched_at": MATCH_INPUT["goal_matched_at"],
    "rooms": MATCH_INPUT["rooms"],
}
FAILED_ROW = {
    "row": 17,
    "status": 404,
    "code": "session_not_found",
    "detail": "No session of this visitor identity started before goal_matched_at.",
    "reason": None,
}
CSV = f"visitor_identity,goal_matched_at,rooms\n{','.join(map(str, [*ROW.values()][:2]))},{OTHER_ROOM}\n"

LIST_IMPORTS = Operation(
    id="list_imports",
    tag="imports",
    summary="List imports of files",
    description="Newest first, with those that a command made.",
    **listing(ListQuery, ImportRunSerializer, IMPORT),
)
CREATE_IMPORT = Operation(
    id="create_import",
    tag="imports",
    summary="Upload a file",
    description=(
        f"The file is the body, of at most {settings.MAX_UPLOAD_BYTES >> 30} GB, as CSV or NDJSON, also in "
        "gzip. It is imported in the background, row by row as the API would take it; the parameters are the "
        "options of `manage.py import_matches` and `import_sessions`. The same file with the same options is "
        "imported once: sent again, it is answered the first import, with `Idempotent-Replay: true`."
    ),
    request={"text/csv": {"type": "string"}, "application/x-ndjson": {"type": "string"}},
    request_examples={"A file": CSV},
    answers={
        202: Answer(ImportRunSerializer, QUEUED, "Queued", headers={"Location": "The import's address."}),
        200: Answer(
            ImportRunSerializer,
            IMPORT,
            "Known: the first import of this file",
            headers={"Idempotent-Replay": "true", "Location": "The import's address."},
        ),
    },
    refusals=(
        FieldErrors("bad parameter", {"time_zone": ["“Mars”: there is no such time zone."]}),
        Refusal(400, "parse_error", "The request body ended before its announced length."),
        refusal_of(GoalNotFound),
        refusal_of(errors.PayloadTooLarge(settings.MAX_UPLOAD_BYTES)),
        Refusal(
            503,
            "service_unavailable",
            "The storage for uploads is full. Nothing of the file was kept. Try again later.",
        ),
    ),
    parameters=ImportQuery.parameters(),
)
RETRIEVE_IMPORT = Operation(
    id="retrieve_import",
    tag="imports",
    summary="Retrieve an import, as it stands",
    answers={200: Answer(ImportRunSerializer, IMPORT)},
    refusals=(NOT_FOUND,),
)
CANCEL_IMPORT = Operation(
    id="cancel_import",
    tag="imports",
    summary="Cancel an import",
    description="What was committed before stays, and the import says how much.",
    answers={204: Answer(None)},
    refusals=(NOT_FOUND, refusal_of(refusals.ImportFinished)),
)
FAILED_ROWS = Operation(
    id="list_failed_rows",
    tag="imports",
    summary="Download the failed rows",
    description=(
        "Each with its reason, as CSV or NDJSON like the file, in columns that are ignored when the mended "
        "file is uploaded. While the import runs, those up to here."
    ),
    answers={200: Answer(FailedRowSerializer, FAILED_ROW, "What each row has besides its own columns")},
    refusals=(NOT_FOUND, refusal_of(refusals.NoFailedRows)),
)
