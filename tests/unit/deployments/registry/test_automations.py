"""Automations: trouble of a session is told, whoever registers how often, and no run is changed."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
import yaml
from prefect.client.orchestration import PrefectClient
from prefect.events.schemas.automations import AutomationCore, EventTrigger
from prefect.server.events.schemas.automations import AutomationCore as ServersAutomation

from deployments.registry.automations import (
    TAG,
    TELL,
    TROUBLES,
    Trouble,
    automation,
    register_automations,
)
from flows.session_trouble import HINTS
from tests.repository import REPOSITORY


class Client:
    """As much of Prefect's client as registering automations asks for."""

    def __init__(self) -> None:
        self.tell = uuid4()
        self.kept: dict[UUID, AutomationCore] = {}
        self.written = 0

    async def read_deployment_by_name(self, name: str) -> Any:
        assert name == TELL
        return SimpleNamespace(id=self.tell)

    async def read_automations_by_name(self, name: str) -> list[Any]:
        return [
            SimpleNamespace(id=key, actions=kept.actions, enabled=kept.enabled)
            for key, kept in self.kept.items()
            if kept.name == name
        ]

    async def create_automation(self, wanted: AutomationCore) -> UUID:
        self.written += 1
        self.kept[key := uuid4()] = wanted
        return key

    async def update_automation(self, key: UUID, wanted: AutomationCore) -> None:
        self.written += 1
        self.kept[key] = wanted


def register(client: Client, *, overwrite: bool = False) -> list[str]:
    return asyncio.run(register_automations(cast(PrefectClient, client), overwrite))


def test_registering_again_changes_nothing() -> None:
    client = Client()
    register(client)
    written = client.written
    assert register(client) == [f"automation {t.name!r}: unchanged" for t in TROUBLES]
    assert client.written == written == len(TROUBLES)


def test_one_that_was_switched_off_stays_off_also_where_its_deployment_was_made_anew() -> None:
    client = Client()
    register(client)
    for kept in client.kept.values():
        kept.enabled = False
    client.tell = uuid4()
    register(client)
    assert len(client.kept) == len(TROUBLES)
    for kept in client.kept.values():
        assert not kept.enabled
        assert [getattr(action, "deployment_id", None) for action in kept.actions] == [client.tell]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.word)
def test_the_server_takes_it_and_it_changes_no_run(trouble: Trouble) -> None:
    made = automation(trouble, uuid4())
    taken = ServersAutomation.model_validate(made.model_dump(mode="json"))
    assert [action.type for action in taken.actions] == ["run-deployment"]
    assert isinstance(made.trigger, EventTrigger)
    assert made.trigger.for_each == {"prefect.resource.id"}
    assert trouble.word in HINTS


def test_the_sessions_that_trade_now_have_the_tag_and_what_tells_of_them_has_not() -> None:
    document = yaml.safe_load((REPOSITORY / "prefect.yaml").read_text())
    tagged = [entry["name"] for entry in document["deployments"] if TAG in entry["tags"]]
    assert tagged == ["paper"]
