"""Corrections of rows: each is asked for on a page that says what it will do, and told of accurately."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from rest_framework.exceptions import ValidationError as Invalid

from goalsvc.api.fields import FORBIDDEN_CHARACTERS, MoneyField
from goalsvc.orgs.admin.access import acting_user
from matching.limits import MAX_REASON_LENGTH
from matching.models import ExternalMatch, PendingMatch

MONEY = MoneyField()
ROWS_SHOWN = 10


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=MAX_REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
        help_text=(
            "Kept in the history, and shown by the API. Name no person: it stays when a customer is erased."
        ),
        error_messages={"required": "Say why: others will ask."},
    )

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        reason = reason.replace("\r\n", "\n")
        if FORBIDDEN_CHARACTERS.search(reason):
            raise ValidationError("Control characters are not allowed.")
        return reason


class ValueForm(ReasonForm):
    """The right value of a match."""

    field_order = ("goal_value", "has_none", "reason", "seen")
    goal_value = forms.CharField(
        label="New value",
        required=False,
        max_length=40,
        help_text="With a point before the decimals, such as 1249.50.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "autofocus": True}),
    )
    has_none = forms.BooleanField(label="It has no value", required=False)
    # What the value was when the page was made: a correction that is seen by nobody must not be undone.
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, match: ExternalMatch) -> None:
        self.match = match
        value = "" if match.goal_value is None else str(match.goal_value)
        initial = {"goal_value": value, "seen": value}
        super().__init__(data, initial=initial)
        self.fields["reason"].required = False

    def clean(self) -> dict[str, Any]:
        text = self.cleaned_data.get("goal_value", "").strip()
        has_none = self.cleaned_data["has_none"]
        if "goal_value" in self.errors:
            return self.cleaned_data
        if not text and not has_none:
            self.add_error("goal_value", "Write the right value, or tick that it has none.")
            return self.cleaned_data
        if has_none and text and text != self.data.get("seen"):
            self.add_error("goal_value", "Write a value, or tick that it has none: not both.")
            return self.cleaned_data
        try:
            value = None if has_none else read_value(text)
        except ValidationError as error:
            self.add_error("goal_value", error)
            return self.cleaned_data
        if value == self.match.goal_value:
            is_so = "has no value" if value is None else f"has the value {value:,.2f}"
            self.add_error("goal_value", f"The match {is_so} already.")
        return {**self.cleaned_data, "goal_value": value}

    @property
    def is_outdated(self) -> bool:
        """Whether somebody else has corrected the value since the page was made."""
        now = "" if self.match.goal_value is None else str(self.match.goal_value)
        return bool(self.data.get("seen", "") != now)


def read_value(text: str) -> Decimal:
    """Read a value as the API does. Raises: ValidationError in words."""
    if "," in text:
        raise ValidationError(
            "Write it without a comma: a point before the decimals, nothing between thousands."
        )
    try:
        value: Decimal = MONEY.run_validation(text)
    except Invalid as error:
        detail: Any = error.detail
        raise ValidationError([str(each) for each in detail]) from error
    return value


def correct_value(model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """Answer the page on which the value of a match is corrected: first which one, then whether really."""
    if not model_admin.has_correct_permission(request):
        raise PermissionDenied
    match = model_admin.get_object(request, object_id)
    if match is None:
        return model_admin._get_obj_does_not_exist_redirect(request, model_admin.opts, object_id)  # type: ignore[no-any-return]
    page = model_admin.page_of(match)
    if match.retracted_at is not None:
        messages.error(request, "A retracted match has no value to correct. Restore it first.")
        return HttpResponseRedirect(page)
    form = ValueForm(request.POST or None, match=match)
    is_valid = request.method == "POST" and form.is_valid()
    if is_valid and "confirmed" in request.POST and restate(model_admin, request, match, form):
        return HttpResponseRedirect(page)
    is_asking = is_valid and not form.is_outdated
    if is_valid and form.is_outdated:
        value = "no value" if match.goal_value is None else f"the value {match.goal_value:,.2f}"
        messages.error(
            request,
            f"Somebody else has corrected the match meanwhile: it has {value} now. Please look again.",
        )
        form = ValueForm(match=match)
    return render(
        model_admin,
        request,
        "correct_value",
        title=f"Correct the value of this match{'?' if is_asking else ''}",
        match=match,
        form=form,
        is_asking=is_asking,
        value=form.cleaned_data["goal_value"] if is_asking else None,
        page=page,
    )


def restate(model_admin: Any, request: HttpRequest, match: ExternalMatch, form: ValueForm) -> bool:
    """Correct the value under the row's lock; False where somebody else was faster."""
    with transaction.atomic():
        rows = model_admin.get_queryset(request).filter(organization=match.organization_id, pk=match.pk)
        form.match = rows.select_for_update(of=("self",)).get()
        old, value = form.match.goal_value, form.cleaned_data["goal_value"]
        is_done = not form.is_outdated and form.match.restate(
            value, by=acting_user(request), at=timezone.now(), reason=form.cleaned_data["reason"] or None
        )
    match.goal_value = form.match.goal_value
    if is_done:
        was, is_now = ("none" if each is None else f"{each:,.2f}" for each in (old, value))
        messages.success(request, f"The value was corrected from {was} to {is_now}.")
    return is_done


@dataclass(frozen=True)
class Correction:
    """What an action does to each of the rows that were selected."""

    name: str  # of the action
    verb: str
    done: str
    already: str  # what the others are
    effect: str
    change: Callable[..., bool]  # called with the row, `by` and `at`
    is_open: Callable[[Any], bool]  # whether a row may be changed so
    has_reason: bool = True
    needs_reason: bool = False


RETRACT = Correction(
    name="retract",
    verb="Retract",
    done="Retracted",
    already="retracted already",
    effect=(
        "Retracted matches stay here, marked, and leave reports and figures at once. They can be restored. "
        "The same event, posted again, stays retracted."
    ),
    change=ExternalMatch.retract,
    is_open=lambda match: match.retracted_at is None,
    needs_reason=True,
)
RESTORE = Correction(
    name="restore",
    verb="Restore",
    done="Restored",
    already="not retracted",
    effect="Restored matches count in reports and figures again, at once, on the day of their event.",
    change=ExternalMatch.restore,
    is_open=lambda match: match.retracted_at is not None,
)
CANCEL = Correction(
    name="cancel",
    verb="Cancel",
    done="Cancelled",
    already="waiting no more",
    effect=(
        "Cancelled matches are given up for good: what they wait for will not settle them when it arrives. "
        "They can only be posted anew."
    ),
    change=PendingMatch.cancel,
    is_open=lambda pending: pending.status_at(timezone.now()) == PendingMatch.Status.PENDING,
    has_reason=False,
)


def correct(
    model_admin: Any, request: HttpRequest, rows: QuerySet[Any], correction: Correction
) -> HttpResponse | None:
    """Ask whether to correct the rows; where it has been answered, do so and say what was done."""
    is_answered = "confirmed" in request.POST
    if is_answered:
        # The very rows that were asked about, whether or not the list's filters still have them.
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        rows = model_admin.get_queryset(request).filter(pk__in=chosen)
    found = list(rows)
    open_rows = [row for row in found if correction.is_open(row)]
    form = ReasonForm(request.POST if is_answered else None) if correction.has_reason else None
    if form:
        form.fields["reason"].required = correction.needs_reason
    if not open_rows or (is_answered and (form is None or form.is_valid())):
        reason = {"reason": form.cleaned_data["reason"] or None} if open_rows and form else {}
        correct_each(model_admin, request, rows, correction, **reason)
        return None
    plural = model_admin.opts.verbose_name_plural
    count = len(open_rows)
    what = f"{count:,} {plural}" if count != 1 else f"this {model_admin.opts.verbose_name}"
    return render(
        model_admin,
        request,
        "confirm",
        title=f"{correction.verb} {what}?",
        correction=correction,
        form=form,
        rows=open_rows[:ROWS_SHOWN],
        more=max(count - ROWS_SHOWN, 0),
        others=len(found) - count,
        chosen=" ".join(str(row.pk) for row in found),
        first=found[0],
        back=model_admin.page_of(found[0]) if "from_page" in request.POST else request.get_full_path(),
        is_from_page="from_page" in request.POST,
    )


def correct_each(
    model_admin: Any, request: HttpRequest, rows: QuerySet[Any], correction: Correction, **reason: Any
) -> None:
    """Correct each of the rows under its lock, and say how many it was done to."""
    user, now = acting_user(request), timezone.now()
    with transaction.atomic():
        locked = model_admin.locked(request, rows)
        done = sum(correction.change(row, by=user, at=now, **reason) for row in locked)
    name = model_admin.opts.verbose_name if len(locked) == 1 else model_admin.opts.verbose_name_plural
    others = len(locked) - done
    if not others:
        text = f"{correction.done} {done:,} {name}."
    else:
        text = (
            f"{correction.done} {done:,} of {len(locked):,} {name}; "
            f"{others:,} {'was' if others == 1 else 'were'} {correction.already}."
        )
    messages.add_message(request, messages.SUCCESS if done else messages.WARNING, text)


def render(model_admin: Any, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
    common = {**model_admin.admin_site.each_context(request), "opts": model_admin.opts}
    common["media"] = model_admin.media
    return TemplateResponse(
        request,
        f"admin/matching/{template}.html",
        {**common, **context},
        headers={"Cache-Control": "no-store"},
    )
