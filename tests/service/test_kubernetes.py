"""The manifest of docs/deploy/ agrees with the image, the settings and itself; no cluster takes part."""

from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.urls import resolve

from tests.service.processes import ROOT
from tests.service.test_deployment_files import PORT, instruction
from tests.service.test_docs import variables

OBJECTS: list[Any] = list(yaml.safe_load_all((ROOT / "docs" / "deploy" / "kubernetes.yaml").read_text()))
WITH_PODS = [each for each in OBJECTS if each["kind"] in {"Deployment", "Job"}]


def named(kind: str, name: str) -> Any:
    [found] = [each for each in OBJECTS if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def container(each: Any) -> Any:
    [only] = each["spec"]["template"]["spec"]["containers"]
    return only


def test_it_has_what_the_service_takes() -> None:
    kinds = {"ConfigMap": "v1", "PersistentVolumeClaim": "v1", "Service": "v1"}
    kinds |= {"Deployment": "apps/v1", "Job": "batch/v1"}
    assert {each["kind"]: each["apiVersion"] for each in OBJECTS} == kinds
    commands = {each["metadata"]["name"]: container(each)["command"][2] for each in WITH_PODS}
    assert commands == {"goalsvc-migrate": "migrate", "goalsvc": "serve", "goalsvc-worker": "work"}


@pytest.mark.parametrize("each", WITH_PODS, ids=lambda each: each["metadata"]["name"])
def test_pods_run_commands_that_there_are_as_the_user_of_the_image(each: Any) -> None:
    python, manage, name, *arguments = container(each)["command"]
    assert (python, manage) == ("python", "manage.py")
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    parser.parse_args(arguments)  # raises CommandError
    pod = each["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsUser"] == int(instruction("USER"))
    assert container(each)["securityContext"]["readOnlyRootFilesystem"] is True
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    assert {mount["name"] for mount in container(each).get("volumeMounts", [])} == volumes


@pytest.mark.parametrize("each", WITH_PODS, ids=lambda each: each["metadata"]["name"])
def test_variables_are_those_of_the_settings(each: Any) -> None:
    given = {variable["name"] for variable in container(each).get("env", [])}
    given |= named("ConfigMap", "goalsvc")["data"].keys()
    assert given <= variables().keys()
    assert all(isinstance(value, str) for value in named("ConfigMap", "goalsvc")["data"].values())


def test_selectors_find_their_pods_and_no_others() -> None:
    labels = {each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"] for each in WITH_PODS}
    for each in WITH_PODS:
        if each["kind"] == "Deployment":
            assert each["spec"]["selector"]["matchLabels"] == labels[each["metadata"]["name"]]
    selector = named("Service", "goalsvc")["spec"]["selector"]
    assert [name for name, given in labels.items() if selector.items() <= given.items()] == ["goalsvc"]


def test_probes_ask_what_the_service_answers_and_liveness_no_database() -> None:
    serve = container(named("Deployment", "goalsvc"))
    assert serve["ports"] == [{"name": "http", "containerPort": PORT}]
    assert serve["command"][serve["command"].index("--port") + 1] == str(PORT)
    paths = {}
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        probe = serve[name]["httpGet"]
        assert probe["port"] == "http"
        resolve(probe["path"])  # raises Resolver404
        paths[name] = probe["path"]
    assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}


def test_no_probe_can_end_a_migration() -> None:
    migrate = container(named("Job", "goalsvc-migrate"))
    assert not any(name.endswith("Probe") for name in migrate)
    assert migrate["env"][0]["valueFrom"]["secretKeyRef"]["name"] == "goalsvc-owner"
    assert "--no-migrate" in container(named("Deployment", "goalsvc"))["command"]


def test_as_many_workers_as_the_limit_of_cpus() -> None:
    serve = container(named("Deployment", "goalsvc"))
    workers = serve["command"][serve["command"].index("--workers") + 1]
    assert workers == serve["resources"]["limits"]["cpu"]
