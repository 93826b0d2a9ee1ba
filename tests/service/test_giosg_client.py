"""giosg's own Python client works on this service, as the page "Coming from giosg" says."""

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.service.conftest import DemoWorld
from tests.service.pages import blocks, page, section
from tests.service.processes import PATIENCE

PAGE = page("coming-from-giosg")
MATCH = {
    "visitor_identity": "customer-23456789",
    "goal_matched_at": "2026-02-05T12:00:00Z",
    "goal_value": 59.9,
}


@pytest.fixture(scope="module")
def client_class(demo_world):
    """The client reads the address of giosg from the environment while it is imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERVICE_GIOSG_COM", demo_world.url)
        return importlib.reload(importlib.import_module("giosgapps_bindings.django.services")).GiosgHttpApi


@pytest.fixture
def client(client_class, demo_world):
    return client_class(demo_world.organization, None, api_key=demo_world.manager)


@pytest.fixture
def goals(demo_world):
    return f"/api/v5/orgs/{demo_world.organization}/goals"


def a_goal(world: DemoWorld, **other: Any) -> dict[str, Any]:
    return {
        "name": "Came to the store",
        "is_any_room_allowed": False,
        "allowed_rooms": world.rooms[:1],
        "default_value": 14.5,
        "conditions": [],
        **other,
    }


def refusal(method: Callable[..., requests.Response], *arguments: Any) -> tuple[int, dict[str, Any]]:
    """Status and body of a call that the client raises an exception for."""
    with pytest.raises(requests.HTTPError) as refused:
        method(*arguments)
    assert refused.value.response is not None
    return refused.value.response.status_code, refused.value.response.json()


def test_goals_are_listed(client, demo_world, goals):
    answer = client.get(goals)
    listed = [goal["id"] for goal in answer.json()["results"]]
    assert listed[: len(demo_world.goals)] == demo_world.goals


def test_a_goal_is_created_changed_replaced_and_deleted(client, demo_world, goals):
    created = client.post(goals, a_goal(demo_world))
    goal = created.json()
    address = f"{goals}/{goal['id']}"
    assert created.status_code == 201
    assert goal["default_value"] == "14.50"

    assert client.patch(address, {"name": "Came twice"}).json()["name"] == "Came twice"
    assert client.get(address).json()["default_value"] == "14.50"

    replaced = client.put(address, a_goal(demo_world, name="Came again", default_value=None)).json()
    assert (replaced["name"], replaced["default_value"]) == ("Came again", None)
    # Clients send back what they have read.
    assert client.put(address, client.get(address).json()).json()["name"] == "Came again"

    assert client.delete(address).status_code == 204
    status, body = refusal(client.get, address)
    assert (status, body["code"]) == (404, "goal_not_found")


def test_pages_are_followed_to_the_end(client, demo_world, goals):
    made = [client.post(goals, a_goal(demo_world, name=f"Page {number}")).json()["id"] for number in range(3)]
    page = client.get(goals, params={"page_size": 2}).json()
    found = page["results"]
    while page["next"]:
        # The client puts the host before what it is given; `next` is a whole URL, of the same host.
        assert page["next"].startswith(client.CHAT_HOST)
        page = client.get(page["next"].removeprefix(client.CHAT_HOST)).json()
        found = found + page["results"]
    assert page["previous"]
    assert [goal["id"] for goal in found] == [*demo_world.goals, *made]
    for goal in made:
        client.delete(f"{goals}/{goal}")


def test_a_match_is_posted(client, client_class, demo_world, goals):
    integrator = client_class(
        demo_world.organization, None, api_key=demo_world.integrator, token_type="Bearer"
    )
    body = {**MATCH, "rooms": demo_world.rooms[:1]}
    answer = integrator.post(f"{goals}/{demo_world.goals[0]}/matches", body)
    match = answer.json()
    assert answer.status_code == 200
    assert match["goal_value"] == "59.90"

    body["custom_visitor_identity"] = body.pop("visitor_identity")  # the name in giosg's types
    other = integrator.post(f"{goals}/{demo_world.goals[0]}/matches", body).json()
    listed = client.get(f"{goals}/{demo_world.goals[0]}/matches").json()["results"]
    assert {match["id"], other["id"]} <= {each["id"] for each in listed}


def test_a_refusal_is_an_exception_that_says_why(client, demo_world, goals):
    unknown = {**MATCH, "visitor_identity": "nobody-1", "rooms": demo_world.rooms[:1]}
    status, body = refusal(client.post, f"{goals}/{demo_world.goals[0]}/matches", unknown)
    assert (status, body["code"]) == (404, "session_not_found")


def test_the_program_of_the_page_lists_the_goals(demo_world):
    text = section(PAGE, "giosg's Python client")
    [(_, exports)], [(_, program)] = blocks(text, "sh"), blocks(text, "python")
    assert exports.startswith("export SERVICE_GIOSG_COM=https://")
    environment = {
        "SERVICE_GIOSG_COM": demo_world.url,
        "GOALS_ORGANIZATION": demo_world.organization,
        "GOALS_TOKEN": demo_world.manager,
    }
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert ran.returncode == 0, ran.stderr
    first, second, *_ = demo_world.goals
    assert ran.stdout.startswith(f"{first} Bought in the shop\n{second} User sent a lead\n")


# giosg's types.


def attribute_table() -> dict[str, tuple[set[str], set[str]]]:
    """Which attributes an answer lacks of its type, and which it has besides."""
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]* \| ([^|]*) \| ([^|]*) \|$", section(PAGE, "giosg's TypeScript types"), re.M
    )
    return {
        name: (set(re.findall(r"`(\w+)`", missing)), set(re.findall(r"`(\w+)`", besides)))
        for name, missing, besides in rows
    }


def test_answers_have_the_attributes_that_the_page_says(client, demo_world, goals):
    goal = client.get(f"{goals}/{demo_world.goals[0]}").json()
    organization = f"/api/v5/orgs/{demo_world.organization}"
    answers = {
        "Goal": goal,
        "NestedUser": goal["created_by_user"],
        "User": client.get("/api/v5/users/me").json(),
        "Organization": client.get(organization).json(),
        "Room": client.get(f"{organization}/rooms").json()["results"][0],
    }
    attributes = attribute_table()
    assert attributes.keys() == answers.keys()
    for name, (missing, besides) in attributes.items():
        assert not missing & answers[name].keys(), name
        assert besides <= answers[name].keys(), name
    assert attributes["NestedUser"][0] == {"avatar_id", "avatar", "is_staff"}


def test_a_put_with_a_name_alone_is_refused_naming_the_others(client, demo_world, goals):
    status, body = refusal(client.put, f"{goals}/{demo_world.goals[0]}", {"name": "Renamed"})
    assert status == 400
    assert body.keys() == {"is_any_room_allowed", "allowed_rooms", "conditions"}
