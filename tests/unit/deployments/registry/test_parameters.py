"""Saved parameters follow the settings to another strategy whole, and a hand's choice stays."""

from __future__ import annotations

from typing import Any

import pytest

from blocks.saved.drift import Choice, Notes, flat, settle
from deployments.registry.named import named_parameters
from deployments.registry.parameters import settled_parameters

ORB: dict[str, Any] = {"strategy": "orb", "range_minutes": 5, "tick": 0.01}
OWN: dict[str, Any] = {"strategy": "file", "file": "mine", "parameters": {"min_move": 0.2}}
SAVED = {"capital": 1000.0, "strategy": ORB}


def noted(parameters: dict[str, Any]) -> Notes:
    notes: Notes = {}
    settle({}, flat(parameters), notes)
    return notes


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ORB, OWN),
        (OWN, ORB),
        (OWN, {**OWN, "file": "other", "parameters": {}}),
        (ORB, {"strategy": "trend", "fast": 3}),
    ],
)
def test_a_strategy_that_we_wrote_follows_the_settings_and_takes_no_parameter_along(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    saved, wanted = {"capital": 1.0, "strategy": before}, {"capital": 1.0, "strategy": after}
    notes = noted(saved)
    parameters, settled = settled_parameters(saved, wanted, notes)
    assert parameters == wanted
    assert len(settled.followed) == 1
    assert settled.undecided == []
    again, settled = settled_parameters(parameters, wanted, notes)
    assert again == wanted
    assert settled.followed == settled.undecided == []
    # What was written now is known as ours the next time.
    back, _ = settled_parameters(parameters, saved, notes)
    assert back == saved


def test_a_strategy_that_a_hand_changed_stays_whole_until_somebody_decides() -> None:
    notes = noted(SAVED)
    changed = {**SAVED, "strategy": {**ORB, "range_minutes": 15}}
    wanted = {"capital": 2000.0, "strategy": OWN}
    parameters, settled = settled_parameters(changed, wanted, notes)
    assert parameters == {"capital": 2000.0, "strategy": changed["strategy"]}
    assert settled.undecided == ["strategy is orb here, mine in the settings"]
    kept, settled = settled_parameters(changed, wanted, notes, Choice.KEEP)
    assert kept["strategy"] == changed["strategy"]
    assert settled.undecided == []
    over, settled = settled_parameters(changed, wanted, notes, Choice.OVERWRITE)
    assert over["strategy"] == OWN


def test_the_same_strategy_is_settled_parameter_by_parameter() -> None:
    notes = noted(SAVED)
    changed = {**SAVED, "strategy": {**ORB, "range_minutes": 15}}
    wanted = {**SAVED, "strategy": {**ORB, "tick": 0.05}}
    parameters, settled = settled_parameters(changed, wanted, notes)
    assert parameters["strategy"] == {"strategy": "orb", "range_minutes": 15, "tick": 0.05}
    assert settled.followed == ["strategy.tick 0.01 -> 0.05"]


def test_what_a_variable_says_is_named_and_what_a_ruleset_says_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACTIVE_RULESET", "conservative")
    monkeypatch.setenv("ORB_DURATION_MINUTES", "15")
    monkeypatch.setenv("TICK", "0.05")
    is_named = named_parameters()
    assert is_named("ruleset")
    assert is_named("strategy.range_minutes")
    assert is_named("strategy.tick")
    assert not is_named("strategy.min_body")
    assert not is_named("symbols")
    assert not is_named("strategy.parameters")
    assert is_named("risk.max_shares")
