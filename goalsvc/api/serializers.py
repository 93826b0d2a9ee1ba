"""Serializers of JSON objects: strict ones, with a short way for what is plainly right, and of models."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.db import models
from rest_framework import serializers

from goalsvc.api.fields import UNSURE, MomentField


class ObjectSerializer(serializers.Serializer):
    """A JSON object. Instances hold no state of a request, so one serves them all (see `check`)."""

    default_error_messages = {"invalid": "Not a JSON object."}

    def check(self, data: Any) -> dict[str, Any]:
        """Return the checked attributes of `data`. Raises: ValidationError naming each attribute at fault."""
        attributes: dict[str, Any] | None = self.read(data) if type(data) is dict else None
        if attributes is None:
            attributes = self.run_validation(data)
        return attributes

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is None and hasattr(self, "initial_data"):  # DRF would say "No data provided"
            raise serializers.ValidationError({"non_field_errors": [self.error_messages["null"]]})
        return super().run_validation(data)

    def read(self, data: dict[str, Any]) -> dict[str, Any] | None:
        """Return the checked attributes of an object that is plainly right; None for full checks to judge.

        What `run_validation` would return, in a fifth of the time.
        """
        attributes = {}
        for name, read, default in self.readers:
            if name in data:
                value = data[name]
                value = default if value is None and default is None else read(value)
            else:
                value = default
            if value is UNSURE:
                return None
            attributes[name] = value
        return attributes

    @cached_property
    def readers(self) -> list[tuple[str, Callable[[Any], Any], Any]]:
        """The fields' names, short ways and defaults (UNSURE: none).

        A field that has no short way, or a partial object, leaves all to the full checks.
        """
        return [
            (
                name,
                getattr(field, "read", lambda data: UNSURE),
                UNSURE if field.required or self.partial else field.default,
            )
            for name, field in self.fields.items()
            if not field.read_only
        ]


class ModelSerializer(serializers.ModelSerializer):
    """A model as answers show it: moments in milliseconds."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DateTimeField: MomentField,
    }
