"""The admin of the history: who changed what, in words."""

from goalsvc.orgs.admin.history.entries import HistoryEntryAdmin, admins_by_kind

__all__ = ["HistoryEntryAdmin", "admins_by_kind"]
