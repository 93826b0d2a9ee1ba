"""Serializers with the contract's forms of values."""

from django.db import models
from rest_framework import serializers

from goalsvc.api.parsing import MomentField


class ModelSerializer(serializers.ModelSerializer):
    """A model as answers show it: moments in milliseconds."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DateTimeField: MomentField,
    }
