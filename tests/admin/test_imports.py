"""Uploading a file in the admin: the form, the look at it before it is imported, and what became of it."""

import csv
import io
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from matching.admin.imports import handler
from matching.imports import jobs
from matching.models import ExternalMatch, ImportRun, MatchAttempt, VisitorSession
from tests.admin.samples import make_run, words
from tests.factories import UNKNOWN_ID, GoalFactory

Status = ImportRun.Status
UPLOAD = reverse("admin:matching_importrun_upload")
LIST = reverse("admin:matching_importrun_changelist")
HEADER = "visitor_identity,goal_matched_at,rooms,goal_value"
MATCHED_AT = "2016-10-10T22:00:49.123Z"


@pytest.fixture(autouse=True)
def one_folder(settings: Any, uploads_folder: Any) -> None:
    settings.UPLOADS_DIR = uploads_folder


@pytest.fixture
def line(room, visitor):
    def of(identity="customer-12345678", moment=MATCHED_AT, value="12.50"):
        return f"{identity},{moment},{room.id},{value}\n"

    return of


@pytest.fixture
def content(line):
    """Two rows that would be imported, and one that would be refused."""
    return f"{HEADER}\n{line()}{line('nobody')}{line(moment='2016-10-10T23:00:00Z')}"


@pytest.fixture
def send(as_staff, goal):
    """Upload a file (its text or bytes) as a file of matches of the goal; return the page that follows."""

    def sent(
        content: Any, name: str = "purchases.csv", client: Client = as_staff, query: str = "", **said: Any
    ) -> Any:
        data = content if isinstance(content, bytes) else content.encode()
        form = {"kind": "matches", "goal_id": str(goal.id), **said}
        form["file"] = SimpleUploadedFile("upload.csv", data)
        form["file"].__dict__["_name"] = name  # which Django would clean
        return client.post(f"{UPLOAD}{query}", form, follow=True)

    return sent


class Context:
    """What a job knows of its worker."""

    class job:  # noqa: N801 - as procrastinate calls it
        attempts = 0

    @staticmethod
    def should_abort() -> bool:
        return False


def work(run: ImportRun) -> ImportRun:
    """Do what the worker would do."""
    context: Any = Context()
    jobs.run_import(context, run_id=str(run.pk))
    run.refresh_from_db()
    return run


def page_of(run: ImportRun) -> str:
    return reverse("admin:matching_importrun_change", args=[run.pk])


def reading(run: ImportRun, **said: Any) -> dict[str, Any]:
    """The form of a draft as it is shown."""
    kept = {
        name: value
        for name, value in run.options.items()
        if value and name not in ("column", "ignore_column")
    }
    return {"kind": run.kind, **kept, **said}


def stored(folder: Any) -> list[str]:
    return sorted(path.name for path in folder.glob("*"))


def told(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


# From the file to its last row


def test_a_file_is_looked_at_then_imported_and_its_refused_rows_are_mended(
    send, content, as_staff, staff, goal, uploads_folder
):
    text = words(send(content))
    run = ImportRun.objects.get()
    assert (run.status, run.filename, run.created_by) == (Status.DRAFT, "purchases.csv", staff)
    assert "Nothing is imported yet" in text
    assert "CSV with commas, read as utf-8." in text
    assert "2 would be imported, 1 would be refused" in text
    assert "session_not_found" in text
    assert 'value="Import 3 rows"' in as_staff.get(page_of(run)).content.decode()
    assert not ExternalMatch.objects.exists()
    assert not MatchAttempt.objects.exists()

    text = words(as_staff.post(page_of(run), reading(run, begin="Import 3 rows"), follow=True))
    run.refresh_from_db()
    assert run.status == Status.QUEUED
    assert "goes on by itself" in text

    work(run)
    page = as_staff.get(page_of(run))
    assert "What became of the 3 rows" in words(page)
    assert re.search(r"code=session_not_found&amp;source=import", page.content.decode())
    assert ExternalMatch.objects.count() == 2

    response = as_staff.get(reverse("admin:matching_importrun_failed_rows", args=[run.pk]))
    assert 'filename="purchases.failed.csv"' in response.headers["Content-Disposition"]
    refused = b"".join(response.streaming_content).decode()
    assert [row["code"] for row in csv.DictReader(io.StringIO(refused))] == ["session_not_found"]

    mended = refused.replace("nobody", "customer-12345678").replace("12.50", "13.50")
    like = f"?like={run.pk}"
    assert "It is read as that file was" in words(as_staff.get(f"{UPLOAD}{like}"))
    assert "1 would be imported." in words(send(mended, "purchases.failed.csv", query=like))
    again = ImportRun.objects.get(status=Status.DRAFT)
    as_staff.post(page_of(again), reading(again, begin="yes"))
    work(again)
    assert again.counts == {"created": 1}
    assert ExternalMatch.objects.count() == 3
    assert set(stored(uploads_folder)) == {f"{run.id}.csv", f"{run.id}.failed.csv", f"{again.id}.csv"}


def test_columns_of_other_names_are_chosen_on_the_page(send, line, as_staff, room):
    header = "Customer,Date,Store,Total EUR,Cashier"
    text = words(send(f"{header}\n{line().strip()},Aino\n"))
    run = ImportRun.objects.get()
    assert "The file lacks goal_matched_at, rooms, visitor_identity" in text
    assert "Import 1 row" not in text

    titles = header.split(",")
    read_as = ["visitor_identity", "goal_matched_at", "rooms", "-", ""]
    form = reading(run, title=titles, read_as=read_as, look="Look again")
    text = words(as_staff.post(page_of(run), form, follow=True))
    run.refresh_from_db()
    assert run.options["column"] == ["visitor_identity=Customer", "goal_matched_at=Date", "rooms=Store"]
    assert run.options["ignore_column"] == ["Total EUR"]
    assert "All rows: 1 would be imported" in text

    as_staff.post(page_of(run), form | {"begin": "yes"})
    work(ImportRun.objects.get())
    match = ExternalMatch.objects.get()
    assert (match.goal_value, match.room_ids) == (None, [room.id])


def test_what_is_changed_is_looked_at_before_it_is_imported(send, content, as_staff):
    send(content)
    run = ImportRun.objects.get()

    form = reading(run, time_zone="Europe/Helsinki", begin="yes")
    response = as_staff.post(page_of(run), form, follow=True)
    run.refresh_from_db()

    assert "look at it first" in told(response)
    assert (run.status, run.options["time_zone"]) == (Status.DRAFT, "Europe/Helsinki")


def test_a_guessed_encoding_and_times_without_a_zone_are_remarked(send, line):
    text = f"{HEADER},Kassiererin\n{line(moment='2016-10-10 23:00').strip()},Bärbel\n"

    shown = words(send(text.encode("windows-1252")))

    assert "read as windows-1252: that is a guess" in shown
    assert "Times without an offset are read as UTC" in shown
    assert "Bärbel" in shown


def test_sessions_are_uploaded_without_a_goal(send, room, as_staff):
    content = f"visitor_session_id,visitor_id,started_at,rooms\ns-9,phone,{MATCHED_AT},{room.id}\n"
    assert "All rows: 1 would be imported" in words(send(content, kind="sessions", goal_id=""))
    run = ImportRun.objects.get()
    as_staff.post(page_of(run), reading(run, begin="yes"))
    work(run)
    assert VisitorSession.objects.filter(visitor_session_id="s-9").exists()


def test_ndjson_shows_attributes(send, room, visitor):
    content = (
        f'{{"visitor_identity": "customer-12345678", "goal_matched_at": "{MATCHED_AT}",'
        f' "rooms": ["{room.id}"], "till": 3}}\n'
    )
    shown = words(send(content, "purchases.ndjson"))
    assert "NDJSON, read as utf-8" in shown
    assert "Not read: till ." in shown
    assert "1 would be imported" in shown


# How far it is


@pytest.fixture
def worker(db):
    """One that works in the background."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")


def test_without_a_worker_an_import_says_what_it_waits_for(as_staff, organization):
    run = make_run(organization, status=Status.QUEUED)
    assert "nothing works in the background right now" in words(as_staff.get(page_of(run)))


@pytest.mark.usefixtures("worker")
def test_a_running_import_tells_how_far_it_is(as_staff, organization):
    run = make_run(
        organization,
        status=Status.RUNNING,
        filename="purchases.csv",
        rows_done=2500,
        rows_total=10_000,
        started_at=timezone.now() - timedelta(seconds=10),
    )
    progress = as_staff.get(reverse("admin:matching_importrun_progress", args=[run.pk])).json()

    assert progress["is_open"]
    assert progress["share"] == 0.25
    assert re.fullmatch(
        r"2,500 of 10,000 rows \(25%\), 2\d\d rows a second, about \d+ seconds left", progress["words"]
    )
    assert progress["words"].split(",")[0] in words(as_staff.get(page_of(run)))


def test_an_import_is_cancelled_once(send, content, as_staff):
    send(content)
    run = ImportRun.objects.get()
    as_staff.post(page_of(run), reading(run, begin="yes"))
    assert "Cancel the import" in words(as_staff.get(page_of(run)))

    assert "was cancelled" in told(as_staff.post(page_of(run), {"cancel": ""}, follow=True))
    assert "has ended already" in told(as_staff.post(page_of(run), {"cancel": ""}, follow=True))
    assert work(run).status == Status.CANCELLED

    as_staff.post(page_of(run), {"resume": ""})
    assert work(run).status == Status.FINISHED
    assert "has ended already" in told(as_staff.post(page_of(run), {"cancel": ""}, follow=True))


def test_a_failed_import_says_why(as_staff, organization):
    run = make_run(
        organization, status=Status.FAILED, error="Line 7 is wrong: say --encoding or decimal_comma."
    )
    shown = words(as_staff.get(page_of(run)))
    assert "Line 7 is wrong: set “Encoding” or “Decimal comma”." in shown
    assert "Upload another file" in shown


def test_a_draft_is_discarded_once(
    send, content, as_staff, uploads_folder, django_capture_on_commit_callbacks
):
    send(content)
    run = ImportRun.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        response = as_staff.post(page_of(run), reading(run, discard=""), follow=True)

    assert "was discarded" in told(response)
    assert not ImportRun.objects.exists()
    assert stored(uploads_folder) == []
    again = as_staff.post(page_of(run), reading(run, discard=""), follow=True)
    assert again.redirect_chain[-1][0] == "/admin/"  # as of any unknown id


def test_what_runs_is_not_discarded(send, content, as_staff):
    send(content)
    run = ImportRun.objects.get()
    as_staff.post(page_of(run), reading(run, begin="yes"))
    response = as_staff.post(page_of(run), reading(run, discard=""), follow=True)
    assert "cancel the import" in told(response)
    assert ImportRun.objects.get().status == Status.QUEUED


# Lists


def test_the_list_says_what_each_file_is(as_staff, organization, staff):
    make_run(
        organization,
        filename="purchases.csv",
        created_by=staff,
        status=Status.FINISHED,
        rows_done=470_000,
        counts={"created": 469_000, "failed": 1_000},
    )
    shown = words(as_staff.get(LIST))
    assert "purchases.csv" in shown
    assert "470,000 1,000" in shown
    assert "stella@example.com" in shown
    assert "None" not in shown


def test_an_empty_list_says_what_it_is_for(as_staff):
    shown = words(as_staff.get(LIST))
    assert "No file was imported yet" in shown
    assert "Upload a file" in shown


# Bad input


def test_the_same_file_leads_to_its_first_import(send, content, as_staff, uploads_folder):
    send(content)
    first = ImportRun.objects.get()
    send(content, "copy.csv")
    assert ImportRun.objects.get() == first  # it waits once
    as_staff.post(page_of(first), reading(first, begin="yes"))

    response = send(content, "copy.csv")
    assert "This file was imported before, read in the same way" in words(response)
    assert page_of(first) in response.content.decode()
    draft = ImportRun.objects.get(status=Status.DRAFT)
    begun = as_staff.post(page_of(draft), reading(draft, begin="yes"), follow=True)
    assert "imported before" in told(begun)
    assert begun.redirect_chain[-1][0] == page_of(first)
    assert ImportRun.objects.get() == first


def test_a_file_that_waits_twice_does_not_become_the_same(send, content, as_staff):
    send(content)
    send(content, kind="sessions", goal_id="")
    first = ImportRun.objects.get(kind="matches")

    form = reading(first, kind="sessions", goal_id="", look="")
    assert "waits already as one of sessions" in told(as_staff.post(page_of(first), form, follow=True))
    assert [run.kind for run in ImportRun.objects.order_by("created_at")] == ["matches", "sessions"]


def test_what_was_begun_by_a_colleague_is_not_begun_again(send, content, as_staff):
    send(content)
    run = ImportRun.objects.get()
    form = reading(run, begin="")
    as_staff.post(page_of(run), form)
    assert "imported meanwhile" in told(as_staff.post(page_of(run), form, follow=True))
    assert ProcrastinateJob.objects.count() == 1


def test_a_file_over_the_limit_is_refused_by_its_announced_size(as_staff, goal, uploads_folder):
    class Unread(io.BytesIO):
        def read(self, *size: int | None) -> bytes:
            raise AssertionError("the body was read")

    response = as_staff.generic(
        "POST",
        UPLOAD,
        b"",
        "multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(3 * 1024**3),
        **{"wsgi.input": Unread()},
    )
    assert response.status_code == 413
    assert "larger than 2 GB" in response.content.decode()
    assert stored(uploads_folder) == []


@pytest.mark.parametrize("as_whom", ["clerk", None])
def test_who_may_not_upload_is_refused_before_the_body_is_read(as_whom, browser, request):
    client = browser(request.getfixturevalue(as_whom) if as_whom else None)

    class Unread(io.BytesIO):
        def read(self, *size: int | None) -> bytes:
            raise AssertionError("the body was read")

    response = client.generic(
        "POST",
        UPLOAD,
        b"",
        "multipart/form-data; boundary=x",
        CONTENT_LENGTH="1000",
        **{"wsgi.input": Unread()},
    )
    assert response.status_code == (403 if as_whom else 302)


def test_a_forged_upload_is_refused(staff, content, goal, uploads_folder):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)
    file = SimpleUploadedFile("purchases.csv", content.encode())
    response = client.post(UPLOAD, {"kind": "matches", "goal_id": str(goal.id), "file": file})
    assert response.status_code == 403
    assert not ImportRun.objects.exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "This is a PDF. Export the rows as CSV"),
        (b"PK\x03\x04rest", "This is an Excel workbook"),
        (b"\n\n", "The file is empty"),
        (b"[{}]", "This is one JSON document"),
        (b"\x1f\x8b\x08\x00damaged", "damaged"),
        (HEADER.encode() + b"\n", "The file has no rows below its header"),
        (b"a\0,b\n1,2\n", "The file lacks"),
        (b"a," * 5000 + b"\n", "5001 columns"),
    ],
)
def test_what_is_no_file_with_rows_is_told_and_can_be_discarded(content, sentence, send):
    response = send(content)
    shown = words(response)
    assert sentence in shown
    assert "Discard it" in shown
    assert 'name="begin"' not in response.content.decode()


def test_a_file_of_only_bad_rows_is_told_and_may_be_imported(send, line, as_staff):
    response = send(f"{HEADER}\n{line('nobody')}{line('nobody')}")
    assert "None of them would be imported" in words(response)
    run = ImportRun.objects.get()
    as_staff.post(page_of(run), reading(run, begin="yes"))
    work(run)
    shown = words(as_staff.get(page_of(run)))
    assert "2 refused" in shown
    assert "Download the refused rows" in shown


@pytest.mark.parametrize(
    ("said", "field", "sentence"),
    [
        ({"kind": "visits"}, "kind", "Select a valid choice"),
        ({"time_zone": "Europe/Helsinky"}, "time_zone", "Perhaps Europe/Helsinki?"),
        ({"encoding": "rot13"}, "encoding", "no encoding that is known here"),
        ({"ambiguous": "earlier"}, "ambiguous", "none is given"),
        ({"goal_id": "nonsense"}, "goal_id", "There is no such goal"),
        ({"goal_id": str(UNKNOWN_ID)}, "goal_id", "There is no such goal"),
        ({"kind": "sessions"}, "goal_id", "sessions have no goal"),
    ],
)
def test_what_is_said_wrong_is_told_at_its_field(said, field, sentence, send, content, uploads_folder):
    response = send(content, **said)
    assert response.status_code == 400
    assert sentence in str(response.context["form"].errors[field])
    assert not ImportRun.objects.exists()
    response.close()
    assert stored(uploads_folder) == []


def test_another_organizations_goal_is_unknown(send, content, other_organization):
    foreign = GoalFactory.create(organization=other_organization)
    response = send(content, goal_id=str(foreign.id))
    assert "There is no such goal" in str(response.context["form"].errors)


def test_an_upload_takes_a_file(as_staff, goal):
    response = as_staff.post(UPLOAD, {"kind": "matches", "goal_id": str(goal.id)})
    assert response.status_code == 400
    assert "Choose a file" in response.content.decode()
    empty = as_staff.post(UPLOAD, {"kind": "matches", "file": SimpleUploadedFile("empty.csv", b"")})
    assert "The file is empty" in empty.content.decode()


def test_an_upload_that_breaks_off_leaves_nothing(as_staff, uploads_folder):
    body = (
        b'--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\nmatches\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
        b"Content-Type: text/csv\r\n\r\nvisitor_identity,goal_ma"
    )
    response = as_staff.generic("POST", UPLOAD, body, "multipart/form-data; boundary=x")
    assert response.status_code == 400
    assert "it did not arrive whole" in response.content.decode()
    assert stored(uploads_folder) == []
    assert not ImportRun.objects.exists()


def test_a_full_disk_is_told(send, content, monkeypatch, uploads_folder):
    def fail(self: Any, raw_data: bytes, start: int) -> None:
        self.stop(OSError(28, "No space left on device"))

    monkeypatch.setattr(handler.UploadHandler, "receive_data_chunk", fail)
    response = send(content)
    assert response.status_code == 503
    assert "The storage for uploads is full" in response.content.decode()
    response.close()
    assert stored(uploads_folder) == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\käufe.csv", "käufe.csv"),
        ("<script>alert(1)</script>.csv", "script>.csv"),
        ("x" * 900 + ".csv", "xxx"),
        ("a." + "x" * 900, "xxx"),
        ("pur\0cha\u202eses.csv", "purchases.csv"),
        ("\u200f\u202eevil.csv", "evil.csv"),
        ('"; filename="other.csv', "other"),
    ],
)
def test_a_hostile_file_name_is_only_text(name, shown, as_staff, content, goal, uploads_folder):
    head = 'Content-Disposition: form-data; name="{}"'
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    parts = [
        f"{head.format('kind')}\r\n\r\nmatches",
        f"{head.format('goal_id')}\r\n\r\n{goal.id}",
        f'{head.format("file")}; filename="{quoted}"\r\nContent-Type: text/csv\r\n\r\n{content}',
    ]
    body = "".join(f"--x\r\n{part}\r\n" for part in parts) + "--x--\r\n"
    response = as_staff.generic("POST", UPLOAD, body.encode(), "multipart/form-data; boundary=x", follow=True)
    assert response.status_code == 302
    run = ImportRun.objects.get()
    assert shown in run.filename
    assert len(run.filename) <= 255
    page = as_staff.get(page_of(run)).content.decode()
    assert "<script>alert" not in page
    assert "<script>alert" not in as_staff.get(LIST).content.decode()
    assert stored(uploads_folder) == [f"{run.id}.csv"]
    as_staff.post(page_of(run), reading(run, begin="yes"))
    work(run)
    download = as_staff.get(reverse("admin:matching_importrun_failed_rows", args=[run.pk]))
    assert "\n" not in download.headers["Content-Disposition"]


def test_what_cannot_be_read_as_a_form_is_refused_in_words(as_staff, goal, uploads_folder):
    head = f'Content-Disposition: form-data; name="file"; filename="{"x" * 5000}.csv"'
    body = f"--x\r\n{head}\r\n\r\nabc\r\n--x--\r\n"
    response = as_staff.generic("POST", UPLOAD, body.encode(), "multipart/form-data; boundary=x")
    assert response.status_code == 400
    assert "give it a shorter one" in " ".join(response.content.decode().split())
    assert stored(uploads_folder) == []


@pytest.mark.parametrize("page", ["progress", "failed_rows"])
def test_another_organizations_import_is_not_there(page, as_staff, other_organization, organization):
    foreign = make_run(other_organization, filename="secret.csv")
    for pk in (foreign.pk, UNKNOWN_ID, "nonsense"):
        assert as_staff.get(reverse(f"admin:matching_importrun_{page}", args=[pk])).status_code == 404
    assert "secret.csv" not in words(as_staff.get(f"{UPLOAD}?like={foreign.pk}"))
    for button in ("begin", "cancel", "discard", "resume", "look"):
        response = as_staff.post(page_of(foreign), {button: ""}, follow=True)
        assert response.redirect_chain[-1][0] == "/admin/"
    foreign.refresh_from_db()
    assert foreign.status == Status.RUNNING


def test_there_is_no_download_where_nothing_was_refused(as_staff, organization):
    run = make_run(organization, status=Status.FINISHED, filename="purchases.csv", counts={"created": 1})
    assert as_staff.get(reverse("admin:matching_importrun_failed_rows", args=[run.pk])).status_code == 404


def test_without_a_subscription_nothing_is_uploaded(as_staff, send, content, organization):
    organization.subscription_expires_on = date(2020, 12, 31)
    organization.save()
    assert "no active subscription" in words(as_staff.get(UPLOAD))
    assert send(content).status_code == 403
    assert not ImportRun.objects.exists()


# Operators


def test_operators_choose_an_organization(as_operator, send, content, organization, other_organization, goal):
    foreign = GoalFactory.create(organization=other_organization)
    assert "Choose the organization" in words(as_operator.get(UPLOAD))
    assert as_operator.post(UPLOAD, {}).status_code == 404

    query = f"?organization_id={organization.id}"
    page = as_operator.get(UPLOAD + query).content.decode()
    assert str(goal.id) in page
    assert str(foreign.id) not in page
    refused = send(content, client=as_operator, query=query, goal_id=str(foreign.id))
    assert "There is no such goal" in str(refused.context["form"].errors)

    assert "would be imported" in words(send(content, client=as_operator, query=query))
    assert ImportRun.objects.get().organization == organization


# What our script asks


def test_the_script_of_the_upload_gets_an_address_or_problems(as_staff, content, goal):
    file = SimpleUploadedFile("purchases.csv", content.encode())
    accept = {"headers": {"Accept": "application/json"}}
    form = {"kind": "matches", "goal_id": str(goal.id)}
    sent = as_staff.post(UPLOAD, {**form, "file": file}, **accept)
    assert sent.json() == {"page": page_of(ImportRun.objects.get())}
    refused = as_staff.post(UPLOAD, form, **accept)
    assert refused.status_code == 400
    assert refused.json()["problems"][0].startswith("File: Choose a file.")
