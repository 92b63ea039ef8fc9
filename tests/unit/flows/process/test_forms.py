"""The forms in Prefect's page: each field says what it is for."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from tests.repository import REPOSITORY

ENTRYPOINTS = sorted(
    entry["entrypoint"]
    for entry in yaml.safe_load((REPOSITORY / "prefect.yaml").read_text())["deployments"]
)


def undescribed(where: str, fields: dict[str, Any]) -> list[str]:
    return [f"{where}.{name}" for name, field in fields.items() if not field.get("description")]


@pytest.mark.parametrize("entrypoint", dict.fromkeys(ENTRYPOINTS))
def test_each_field_of_a_form_is_described(entrypoint: str) -> None:
    flow = load_flow_from_entrypoint(str(REPOSITORY / entrypoint), use_placeholder_flow=False)
    schema = parameter_schema(flow).model_dump(mode="json")
    missing = undescribed(entrypoint, schema["properties"])
    for name, model in schema["definitions"].items():
        missing += undescribed(name, model.get("properties", {}))
    assert missing == []
