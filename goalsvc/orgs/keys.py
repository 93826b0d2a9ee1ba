"""Keys of what belongs to an organization: in the database they all begin with it.

The primary key of such a table is `(organization_id, id)`, and a foreign key from one to another is
`(organization_id, x_id)`, so rows of two organizations never meet, and a database that is spread by
organization finds each row on one machine. Django cannot have them in its admin, so the first migrations make
them, and Django itself goes on to know `id` alone.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.apps import apps
from django.db import models
from django.db.models.lookups import Exact

SetType = TypeVar("SetType", contravariant=True)
GetType = TypeVar("GetType", covariant=True)

ORGANIZATION = "organization"


class OrganizationModel(models.Model):
    """A model with an `organization`: its rows are read again and written by that as well as by their key.

    It can go once Django's CompositePrimaryKey may be the target of a foreign key and stand in the admin.
    """

    organization_id: Any

    class Meta:
        abstract = True

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: models.QuerySet[Any] | None = None,
    ) -> None:
        """Read the row again, or columns of it that were deferred."""
        if from_queryset is None:
            from_queryset = type(self)._base_manager.db_manager(using, hints={"instance": self}).all()
        if "organization_id" in self.__dict__:
            from_queryset = from_queryset.filter(**{ORGANIZATION: self.organization_id})
        super().refresh_from_db(using, fields, from_queryset)

    def _do_update(
        self, base_qs: Any, using: Any, pk_val: Any, values: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Update the row, as `save` asks for. It never moves to another organization."""
        itself = base_qs.filter(organization=self.organization_id)
        values = [value for value in values if value[0].name != ORGANIZATION]
        return super()._do_update(itself, using, pk_val, values, *args, **kwargs)


class OrganizationForeignKey(models.ForeignKey[SetType, GetType]):
    """A foreign key from one OrganizationModel to another: joins and look-ups name the organization too.

    Its constraint, with the organization in it, is made in a migration; not deferrable, because a database
    that is spread reports what fails at the commit without the name of the constraint.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(*args, **kwargs)

    def get_internal_type(self) -> str:
        return "ForeignKey"

    def get_extra_restriction(self, alias: str | None, related_alias: str | None) -> Any:
        """Return what a join says besides the key; `alias` is of the table that this key points to."""
        if alias is None or related_alias is None:  # Django asks so where it leaves the join out
            return None
        theirs: Any = self.remote_field.model._meta.get_field(ORGANIZATION)
        ours: Any = self.model._meta.get_field(ORGANIZATION)
        return Exact(theirs.get_col(alias), ours.get_col(related_alias))

    def get_extra_descriptor_filter(self, instance: Any) -> dict[str, Any]:
        """Return what is asked for besides the key where the row of an instance's key is read."""
        return {"organization_id": instance.organization_id}


def organization_models() -> list[type[OrganizationModel]]:
    """Return the models whose rows belong to organizations."""
    return [model for model in apps.get_models() if issubclass(model, OrganizationModel)]
