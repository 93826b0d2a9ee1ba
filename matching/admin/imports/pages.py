"""The page of an import: before it begins, what the file is and would become; then how it goes and went."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from goalsvc.orgs.admin.access import acting_user, is_operator
from goalsvc.orgs.admin.display import link_to_user
from matching.admin.imports.forms import ENCODINGS, DraftForm, column_choices
from matching.admin.imports.words import (
    DELIMITERS,
    OUTCOMES,
    Line,
    Progress,
    assumed_times,
    codes_of,
    in_words_of_the_form,
    options_said,
    progress_of,
    rows_in_words,
    size_in_words,
    summary_of,
)
from matching.imports.drafts import begin, discard, import_of, path_of, set_options
from matching.imports.files import UnusableFileError
from matching.imports.options import Options
from matching.imports.preview import Preview, SeenRow, preview
from matching.imports.runs import detail_of
from matching.imports.uploads import can_go_on, cancel, is_worker_there, resume
from matching.models import ImportRun
from matching.refusals import ImportFinished
from matching.reports.periods import zone_names

GONE = "The uploaded file is no longer there. Discard this, and upload it again."
BUTTONS = {"look", "begin", "discard", "cancel", "resume"}
MAX_CELL = 80  # characters of a cell that are shown
MAX_SHOWN_COLUMNS = 40


def import_page(model_admin: Any, request: HttpRequest, run: ImportRun) -> HttpResponse:
    """Answer the page of an import, or do what one of its buttons says."""
    if request.method == "POST" and not BUTTONS & request.POST.keys():
        raise PermissionDenied
    if request.method != "POST":
        is_draft = run.status == ImportRun.Status.DRAFT
        return show_draft(model_admin, request, run) if is_draft else show_run(model_admin, request, run)
    if "discard" in request.POST:
        return discarded(request, run)
    if "cancel" in request.POST:
        return cancelled(request, run)
    if "resume" in request.POST:
        if not resume(run):
            messages.warning(request, "There was nothing to go on with.")
        return back_to(run)
    return read_anew(model_admin, request, run)


def back_to(run: ImportRun) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:matching_importrun_change", args=[run.pk]))


def to_list() -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:matching_importrun_changelist"))


def discarded(request: HttpRequest, run: ImportRun) -> HttpResponse:
    if discard(run):
        messages.success(request, f"“{run.filename}” was discarded. Nothing of it was imported.")
        return to_list()
    messages.warning(request, "This file is being imported, or was. To stop it, cancel the import.")
    return back_to(run)


def cancelled(request: HttpRequest, run: ImportRun) -> HttpResponse:
    try:
        cancel(run, at=timezone.now())
    except ImportFinished:
        messages.warning(request, "The import has ended already; there was nothing to cancel.")
    else:
        messages.success(request, "The import was cancelled. The rows that were done stay.")
    return back_to(run)


def read_anew(model_admin: Any, request: HttpRequest, run: ImportRun) -> HttpResponse:
    """Take what is said of a draft; if that has been looked at and “Import” was pressed, import it."""
    if run.status != ImportRun.Status.DRAFT:
        messages.warning(request, "This file was imported meanwhile.")
        return back_to(run)
    said = Options.of(run)
    form = DraftForm(request.POST, organization=run.organization, said=said, filename=run.filename)
    if not form.is_valid():
        return show_draft(model_admin, request, run, form, status=400)
    if form.options != said:
        try:
            with transaction.atomic():
                set_options(run, form.options)
        except IntegrityError:
            messages.error(request, f"The same file waits already as one of {form.options.kind}.")
            return back_to(run)
        if "begin" in request.POST:
            messages.warning(
                request, "The file is read in another way now. Nothing was imported yet: look at it first."
            )
        return back_to(run)
    if "begin" not in request.POST:
        return back_to(run)
    found, _ = look_at(run)
    if found is None or not found.is_importable:
        return back_to(run)  # which says why
    try:
        begun = begin(run, by=acting_user(request))
    except IntegrityError:  # the same file came from elsewhere at this moment
        begun = begin(run, by=acting_user(request))
    if begun.pk != run.pk:
        messages.warning(request, "This file was imported before, read in the same way. Here it is.")
    return back_to(begun)


def look_at(run: ImportRun) -> tuple[Preview | None, str]:
    """Look at the file of a draft; return what is seen, or why nothing is."""
    options = Options.of(run)
    try:
        found = preview(
            path_of(run),
            format=options.format,
            encoding=options.encoding,
            columns=options.columns,
            reading=options.reading,
            read=options.reader(None),
            record=options.recorder(run.organization, None),
        )
    except UnusableFileError as error:
        return None, in_words_of_the_form(error)
    except FileNotFoundError:
        return None, GONE
    return found, ""


def facts_of(model_admin: Any, request: HttpRequest, run: ImportRun) -> dict[str, Any]:
    """Return what the page says of the file whatever has become of it."""
    goals = {}
    if goal_id := run.options.get("goal_id"):
        goals = dict(run.organization.goals.filter(pk=goal_id).values_list("pk", "name"))
    return {
        **model_admin.admin_site.each_context(request),
        "title": run.filename or f"A file of {run.kind}",
        "opts": model_admin.opts,
        "has_change_permission": False,
        "run": run,
        "is_operator": is_operator(request),
        "size": size_in_words(run),
        "person": link_to_user(run.created_by),
        "said": list(options_said(run, goals)),
        "page": reverse("admin:matching_importrun_change", args=[run.pk]),
    }


def respond(
    request: HttpRequest, template: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    headers = {"Cache-Control": "no-store"}
    return TemplateResponse(request, template, dict(context), status=status, headers=headers)


def show_draft(
    model_admin: Any, request: HttpRequest, run: ImportRun, form: DraftForm | None = None, status: int = 200
) -> HttpResponse:
    found, problem = look_at(run)
    options = Options.of(run)
    form = form or DraftForm(organization=run.organization, said=options, filename=run.filename)
    context = facts_of(model_admin, request, run) | {
        "form": form,
        "found": found,
        "problem": problem,
        "known": import_of(run),
        "zones": sorted(zone_names()),
        "encodings": ENCODINGS,
    }
    if found is not None:
        choices = column_choices(found, options.columns)
        chosen = {choice.title for choice in choices}
        own = [column for column in found.columns if column.title not in chosen]
        is_all = found.is_row_count_exact and found.rehearsed == found.row_count
        context |= {
            "delimiter": DELIMITERS.get(found.delimiter or "", found.delimiter),
            "choices": choices,
            "own_read": [column for column in own if column.name],
            "own_unread": [column for column in own if not column.name],
            "import_label": f"Import {rows_in_words(found)}",
            "rehearsal": "All rows:" if is_all else f"Of the first {found.rehearsed:,} rows:",
            "titles": [column.title[:MAX_CELL] for column in found.columns[:MAX_SHOWN_COLUMNS]],
            "rows": [show_row(found, seen) for seen in found.rows],
            "outcomes": [
                Line(count, OUTCOMES[verdict].will_be)
                for verdict in OUTCOMES
                if (count := found.verdicts.get(verdict.value))
            ],
            "codes": list(codes_of(found.codes)),
        }
    return respond(request, "admin/matching/import_draft.html", context, status)


def show_row(found: Preview, seen: SeenRow) -> dict[str, Any]:
    """Return a row of the file with what would become of it."""
    row, answer = seen
    if isinstance(row.source, list):
        cells = [cell for cell, title in zip(row.source, found.header, strict=False) if title]
    else:
        item = row.item if isinstance(row.item, dict) else {}
        cells = [str(item.get(column.title, "")) for column in found.columns]
    reason = answer and answer.reason
    return {
        "number": row.number,
        "cells": [
            (column.title[:MAX_CELL], cell if len(cell) <= MAX_CELL else f"{cell[:MAX_CELL]}…")
            for column, cell in zip(found.columns[:MAX_SHOWN_COLUMNS], cells, strict=False)
        ],
        "outcome": OUTCOMES[answer.verdict].will_be if answer else "",
        "is_refused": bool(answer and answer.code),
        "code": answer.code if answer else "",
        "why": in_words_of_the_form(detail_of(answer) or "") if answer else "",
        "reason": reason["message"] if reason else "",
    }


def show_run(model_admin: Any, request: HttpRequest, run: ImportRun) -> HttpResponse:
    summary = [(line, attempts_of(request, run, line.code)) for line in summary_of(run.counts)]
    context = facts_of(model_admin, request, run) | {
        "progress": look_at_progress(run),
        "summary": summary,
        "assumed": assumed_times(run),
        "error": in_words_of_the_form(run.error),
        "can_go_on": can_go_on(run),
        "rows": f"{run.rows_done:,}",
    }
    return respond(request, "admin/matching/import_run.html", context)


def look_at_progress(run: ImportRun) -> Progress:
    """Return how far a run has come right now."""
    now = timezone.now()
    return progress_of(run, at=now, is_worked=not run.is_open or is_worker_there(at=now))


def attempts_of(request: HttpRequest, run: ImportRun, code: str) -> str:
    """Return the list of refused attempts with a code; of sessions, and of a rehearsal, there is none."""
    if not code or run.kind != ImportRun.Kind.MATCHES or run.is_dry_run:
        return ""
    query = {"code": code, "source": "import"}
    if is_operator(request):
        query["organization"] = str(run.organization_id)
    return f"{reverse('admin:matching_matchattempt_changelist')}?{urlencode(query)}"
