"""The settings are the truth for what they name; a hand's change is told from our own old value."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from pydantic import SecretStr

from blocks.saved.drift import Choice, WrittenValues, flat, how_to_decide, nested, settle

RISK = "risk.risk_per_trade"
OLD, NEW = {RISK: 0.02, "symbols": ["A", "B"]}, {RISK: 0.005, "symbols": ["A", "B"]}


def test_what_we_wrote_ourselves_follows_the_settings_and_is_said(tmp_path: Path) -> None:
    written = WrittenValues(tmp_path / "registered.json")
    settle({}, OLD, written.of("paper"))
    written.save()
    again = WrittenValues(tmp_path / "registered.json")
    settled = settle(OLD, NEW, again.of("paper"))
    assert settled.values == NEW
    assert settled.followed == [f"{RISK} 0.02 -> 0.005"]
    assert settled.undecided == []


@pytest.mark.parametrize("is_known", [False, True])
def test_a_hands_change_stays_and_is_listed_until_somebody_decides(is_known: bool) -> None:
    notes: dict[str, str] = {}
    if is_known:
        settle({}, OLD, notes)
    by_hand = {RISK: 0.05, "symbols": ["A", "B"]}
    for _ in range(2):
        settled = settle(by_hand, NEW, notes)
        assert settled.values == by_hand
        assert settled.undecided == [f"{RISK} is 0.05 here, 0.005 in the settings"]
    kept = dict(notes)
    assert settle(by_hand, NEW, kept, Choice.KEEP).values == by_hand
    assert settle(by_hand, NEW, kept).undecided == []
    # Until the settings say something else again: a lower risk is never passed over in silence.
    assert settle(by_hand, {**NEW, RISK: 0.001}, kept).undecided
    settled = settle(by_hand, NEW, notes, Choice.OVERWRITE)
    assert settled.values == NEW
    assert settled.followed == [f"{RISK} 0.05 -> 0.005"]
    assert settle(NEW, {**NEW, RISK: 0.001}, notes).followed


def test_what_the_settings_do_not_name_is_the_hands_own() -> None:
    notes: dict[str, str] = {}
    settle({}, OLD, notes)
    settled = settle({**OLD, "symbols": ["C"]}, OLD, notes, is_named=lambda name: name == RISK)
    assert settled.values["symbols"] == ["C"]
    assert settled.undecided == []


def test_a_secret_is_compared_and_never_shown_nor_written(tmp_path: Path) -> None:
    written = WrittenValues(tmp_path / "registered.json")
    first, other = SecretStr("planted-one"), SecretStr("planted-two")
    settle({}, {"url": first}, written.of("webhook"))
    settled = settle({"url": first}, {"url": other}, written.of("webhook"))
    assert settled.values["url"].get_secret_value() == "planted-two"
    by_hand = settle({"url": SecretStr("planted-three")}, {"url": first}, written.of("webhook"))
    written.save()
    said = str(settled) + str(by_hand) + (tmp_path / "registered.json").read_text()
    assert "planted" not in said
    assert by_hand.undecided
    assert (tmp_path / "registered.json").stat().st_mode & 0o077 == 0


def test_a_form_that_sends_a_whole_number_changes_nothing() -> None:
    notes: dict[str, str] = {}
    assert settle({"capital": 10_000}, {"capital": 10_000.0}, notes).undecided == []


def test_values_of_groups_are_compared_one_by_one_and_come_back_whole() -> None:
    values = {"risk": {"max_positions": 5}, "symbols": ["A"], "replay": None}
    assert nested(flat(values)) == values


def test_the_command_that_decides_is_for_this_folder_and_may_be_copied(tmp_path: Path) -> None:
    folder = tmp_path / "my accounts"
    line = how_to_decide(folder)
    command = line.removeprefix("Decide with: ").partition(" (as the settings say)")[0]
    wanted = ["python", "-m", "deployments", "register", "--data-dir", str(folder), "--overwrite"]
    assert shlex.split(command) == wanted
