"""How people set a password through a link: by an e-mail, or by a link that a colleague has made.

The views and the form are Django's; a link works once, for PASSWORD_RESET_TIMEOUT, and ends with a login.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.contrib.auth.signals import user_login_failed
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from goalsvc.orgs.history import Action, Kind
from goalsvc.orgs.logins import locked_out
from goalsvc.orgs.models import HistoryEntry, User

# One mail at a time for each worker, aside, so that an answer takes as long for an address that is unknown.
sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def password_link(request: HttpRequest, user: User) -> str:
    """Make a link with which whoever has it sets the user's password."""
    uid = urlsafe_base64_encode(force_bytes(str(user.pk)))
    page = reverse("password_reset_confirm", args=[uid, default_token_generator.make_token(user)])
    return request.build_absolute_uri(page)  # whose host is one of ALLOWED_HOSTS


class ResetForm(PasswordResetForm):
    def get_users(self, email: str) -> Any:
        """Yield who gets a mail: who has a password already, and may log in."""
        return (user for user in super().get_users(email) if not user.why_no_login)

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        sender.submit(super().send_mail, *args, **kwargs)  # which logs a failure, without the link


class AdminPage:
    """A view of Django's in the style of the admin."""

    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc] # of the view
        return {**admin.site.each_context(self.request), **context, "sends_email": settings.SENDS_EMAIL}


class ResetView(AdminPage, views.PasswordResetView):
    form_class = ResetForm
    template_name = "admin/password_reset/form.html"
    email_template_name = "admin/password_reset/email.txt"
    subject_template_name = "admin/password_reset/subject.txt"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().post(request, *args, **kwargs) if settings.SENDS_EMAIL else self.get(request)

    def form_valid(self, form: Any) -> HttpResponse:
        """Send the mail, and count the request as a failed login of that address from that client."""
        credentials = {"username": form.cleaned_data["email"]}
        if not AxesProxyHandler.is_allowed(self.request, credentials):
            return locked_out(self.request, HttpResponse(), credentials)
        user_login_failed.send(type(self), credentials=credentials, request=self.request)
        return super().form_valid(form)


class ResetDoneView(AdminPage, views.PasswordResetDoneView):
    template_name = "admin/password_reset/done.html"


class NewPasswordForm(SetPasswordForm):
    user: User

    def save(self, commit: bool = True) -> User:
        """Save the password, and record in the history that the user has set one."""
        super().save(commit=False)  # hashes it, which takes its time
        with transaction.atomic():
            self.user.save(update_fields=["password", "updated_at"])
            HistoryEntry.objects.record(
                self.user.organization_id,
                Kind.USER,
                self.user.pk,
                Action.CHANGED,
                {"password": ["…", "…"]},
                by=self.user,
                at=timezone.now(),
                label=str(self.user),
            )
        return self.user


class NewPasswordView(AdminPage, views.PasswordResetConfirmView):
    form_class = NewPasswordForm
    template_name = "admin/password_reset/confirm.html"

    def get_user(self, uidb64: str) -> User | None:
        user: Any = super().get_user(uidb64)
        return None if user is None or user.why_no_login else user


class CompleteView(AdminPage, views.PasswordResetCompleteView):
    template_name = "admin/password_reset/complete.html"
