from django.apps import AppConfig


class OrgsConfig(AppConfig):
    name = "goalsvc.orgs"
    label = "orgs"
    verbose_name = "Organizations"
