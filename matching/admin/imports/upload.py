"""The page where a file is uploaded: it is kept and looked at; nothing is imported yet."""

from dataclasses import replace
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_protect

from goalsvc.api.fields import parse_uuid
from goalsvc.api.requests import UPLOAD
from goalsvc.orgs.admin.access import acting_user, is_allowed, is_operator
from goalsvc.orgs.models import Organization
from goalsvc.orgs.scopes import Scope
from matching.admin.imports.forms import ENCODINGS, UploadForm
from matching.admin.imports.handler import UploadHandler
from matching.admin.reports import OrganizationForm
from matching.imports.drafts import keep_draft
from matching.imports.options import Options
from matching.imports.uploads import StorageUnavailable
from matching.models import ImportRun
from matching.reports.periods import zone_names

PAGE = "admin:matching_importrun_upload"
TOO_LARGE = (
    "The file is larger than 2 GB. Nothing of it was read. Compress it with gzip, or split it, with the "
    "header row in each part."
)
UNREADABLE = (
    "What was sent could not be read, and nothing of it was kept. Perhaps the file's name is very long: give "
    "it a shorter one."
)
INACTIVE = "The organization has no active subscription, so files cannot be imported."
# What a form has beside its file.
FORM_BYTES = 1024 * 1024


def upload_page(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """Answer the form, or take a file in.

    All that can be refused without the file is refused before it is read, the check against forged requests
    included only after: it reads the form.
    """
    if not is_allowed(request, Scope.SETTINGS):
        raise PermissionDenied
    like = find_like(model_admin, request)
    chooser = OrganizationForm(request)
    organization = like.organization if like else chooser.organization
    said = said_of(like)
    show = partial(show_form, model_admin, request, chooser=chooser, organization=organization, like=like)
    is_sent = request.method == "POST"
    if organization is None:
        return show(None, status=404 if is_sent else 200)
    if not organization.is_subscription_active(timezone.now().date()):
        return show(None, problem=INACTIVE, status=403 if is_sent else 200)
    if not is_sent:
        return show(UploadForm(organization=organization, said=said))
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.MAX_UPLOAD_BYTES + FORM_BYTES:
        return show(UploadForm(organization=organization, said=said), problem=TOO_LARGE, status=413)
    # Where the body has not come yet, it now comes as a file.
    request.META[UPLOAD] = settings.MAX_UPLOAD_BYTES + FORM_BYTES
    handler = UploadHandler(request)
    request.upload_handlers = [handler]
    try:
        request.POST  # noqa: B018 - reads all of it, and the file
    except (MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return show(UploadForm(organization=organization, said=said), problem=UNREADABLE, status=400)

    @csrf_protect
    def take(request: HttpRequest) -> HttpResponse:
        form = UploadForm(request.POST, request.FILES, organization=organization, said=said)
        if handler.error is not None:
            problem = str(StorageUnavailable(handler.error).detail)
            return show(form, problem=problem, status=503)
        if not form.is_valid():
            return show(form, status=400)
        file = form.cleaned_data["file"]
        if file.size > settings.MAX_UPLOAD_BYTES:
            return show(form, problem=TOO_LARGE, status=413)
        try:
            draft = keep_draft(
                organization,
                file,
                form.options,
                filename=file.name,
                content_digest=file.digest,
                by=acting_user(request),
                at=timezone.now(),
            )
        except StorageUnavailable as error:
            return show(form, problem=str(error.detail), status=503)
        page = reverse("admin:matching_importrun_change", args=[draft.pk])
        return JsonResponse({"page": page}) if is_script(request) else HttpResponseRedirect(page)

    return take(request)


def is_script(request: HttpRequest) -> bool:
    """Tell whether our script asks, which sends the form to show how far it has come."""
    return request.headers.get("Accept") == "application/json"


def find_like(model_admin: Any, request: HttpRequest) -> ImportRun | None:
    """Return the import of which the mended rows are to be uploaded, if one of the user's is named."""
    pk = parse_uuid(request.GET.get("like", ""))
    found: ImportRun | None = model_admin.get_queryset(request).filter(pk=pk).first() if pk else None
    return found


def said_of(like: ImportRun | None) -> Options | None:
    """Return how the mended rows of an import are to be read: as the others, but in UTF-8."""
    return replace(Options.of(like), encoding=None, dry_run=False) if like and like.options else None


def show_form(
    model_admin: Any,
    request: HttpRequest,
    form: UploadForm | None,
    *,
    chooser: OrganizationForm,
    organization: Organization | None,
    like: ImportRun | None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    if is_script(request):
        return JsonResponse({"problems": problems_of(form, problem)}, status=status)
    query = (
        {"like": str(like.pk)} if like else {"organization_id": str(organization.pk)} if organization else {}
    )
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Upload the mended rows" if like else "Upload a file",
        "opts": model_admin.opts,
        "chooser": chooser,
        "form": form,
        "is_operator": is_operator(request),
        "organization": organization,
        "like": like,
        "page": f"{reverse(PAGE)}?{urlencode(query)}",
        "problem": problem,
        "max_bytes": settings.MAX_UPLOAD_BYTES,
        "too_large": TOO_LARGE,
        "zones": sorted(zone_names()),
        "encodings": ENCODINGS,
    }
    return TemplateResponse(
        request,
        "admin/matching/import_upload.html",
        context,
        status=status,
        headers={"Cache-Control": "no-store"},
    )


def problems_of(form: UploadForm | None, problem: str) -> list[str]:
    """Return what is wrong, in sentences."""
    if problem or form is None:
        return [problem or "Choose an organization first."]
    return [
        f"{form.fields[name].label or name.capitalize()}: {sentence}"
        if name in form.fields
        else str(sentence)
        for name, sentences in form.errors.items()
        for sentence in sentences
    ]
