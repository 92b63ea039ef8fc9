"""What a server of our own is set to, where nobody has set it otherwise, is what Prefect reads."""

from __future__ import annotations

import pytest
from prefect.settings import Settings

from deployments.server.prefect_server import UNLESS_SET


@pytest.mark.parametrize("name", UNLESS_SET)
def test_each_setting_is_one_of_prefects_and_changes_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for known in UNLESS_SET:
        monkeypatch.delenv(known, raising=False)
    without = Settings().server.model_dump()
    monkeypatch.setenv(name, UNLESS_SET[name])
    assert Settings().server.model_dump() != without
