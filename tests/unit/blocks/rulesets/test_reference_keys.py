"""A ruleset in the reference's keys is read as it is meant, or each key is refused with a hint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from blocks.rulesets.reader import look_at_ruleset, read_ruleset
from blocks.rulesets.reference_keys import KEYS, reference_table
from tests.repository import REPOSITORY

THEIRS: dict[str, Any] = {
    "name": "orb_mine",
    "version": "1.0",
    "instruments": {"symbols": ["QQQ", "SPY"], "timeframe": "5m"},
    "strategy": {
        "type": "orb",
        "orb_start_time": "09:30",
        "orb_duration_minutes": 15,
        "orb_body_pct_filter": 0.5,
        "breakout_evaluation": "body",
        "entry_cutoff_time": "15:00",
        "entry_mode": "no_validation_simple",
        "one_trade_per_day": True,
        "cancel_other_side": True,
        "allow_reentry": False,
    },
    "position_size": {"method": "max_loss_pct", "value": 0.02, "max_shares": 500},
    "exit": {
        "eod": True,
        "eod_time": "15:55",
        "take_profit": {"method": "orb_range_multiple", "multiplier": 2.0},
        "stop_loss": {"method": "orb_level"},
        "trailing_stop": {
            "method": "stepped_r_multiple",
            "steps": [{"at": 2.0, "move_stop_to": 1.0}, {"at": 3.0, "move_stop_to": 2.0}],
        },
    },
    "trade_filter": {"vix_max": None, "volume_confirmation": True, "volume_threshold": 2.0},
    "mtf_validation": {"enabled": False, "timeframe": "30m", "condition": "trend_aligned"},
}


def looked_at(tmp_path: Path, content: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    (tmp_path / "rulesets").mkdir(exist_ok=True)
    (tmp_path / "rulesets" / "mine.yaml").write_text(yaml.safe_dump(content))
    ruleset, wrong = look_at_ruleset("mine", tmp_path)
    start = f"ruleset {tmp_path / 'rulesets' / 'mine.yaml'}: "
    said = {} if ruleset is None else ruleset.values()
    return said, [str(each).removeprefix(start) for each in wrong]


def with_value(path: str, value: object) -> dict[str, Any]:
    """Return the file above with another value, everything beside it as it was."""
    content: dict[str, Any] = yaml.safe_load(yaml.safe_dump(THEIRS))
    place = content
    *sections, name = path.split(".")
    for section in sections:
        place = place[section]
    place[name] = value
    return content


def test_a_whole_file_of_the_reference_is_read(tmp_path: Path) -> None:
    said, wrong = looked_at(tmp_path, THEIRS)
    assert wrong == []
    assert said == {
        "strategy.strategy": "orb",
        "orb.range_minutes": 15,
        "orb.min_body": 0.5,
        "orb.breakout_on": "close",
        "orb.stop": "range",
        "orb.target": "range",
        "orb.target_multiple": 2.0,
        "orb.volume_filter": True,
        "orb.volume_threshold": 2.0,
        "strategy.entry_cutoff_minutes": 60,
        "strategy.flatten_minutes": 5,
        "strategy.trailing": "stepped",
        "strategy.trail_steps": [[2.0, 1.0], [3.0, 2.0]],
        "risk.sizing": "risk",
        "risk.risk_per_trade": 0.02,
        "risk.max_shares": 500,
        "risk.max_position_pct": 1.0,
        "trading.symbols": ("QQQ", "SPY"),
        "data.bar_interval": 5,
    }


def test_what_the_reference_leaves_out_is_as_it_is_there(tmp_path: Path) -> None:
    said, wrong = looked_at(tmp_path, {"position_size": {"value": 0.01}})
    assert wrong == []
    assert (said["orb.min_body"], said["orb.breakout_on"]) == (0.0, "wick")
    assert (said["orb.target"], said["risk.max_position_pct"]) == ("none", 1.0)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("exit.take_profit", None, {"orb.target": "none"}),
        ("exit.take_profit.multiplier", 0, {"orb.target": "none"}),
        (
            "exit.take_profit",
            {"method": "atr_multiple", "multiplier": 3, "period": 14},
            {"orb.target": "atr", "orb.target_multiple": 3},
        ),
        (
            "exit.stop_loss",
            {"method": "atr_multiple", "multiplier": 1.5},
            {"orb.stop": "atr", "orb.stop_atr": 1.5},
        ),
        (
            "exit.trailing_stop",
            {"method": "breakeven_plus_ticks", "trigger_r": 3, "plus_ticks": 2},
            {
                "strategy.trailing": "breakeven",
                "strategy.trail_trigger_r": 3,
                "strategy.trail_plus": 0.02,
            },
        ),
        (
            "exit.trailing_stop",
            {"method": "fixed_dollar", "value": 0.5},
            {"strategy.trailing": "dollars", "strategy.trail_dollars": 0.5},
        ),
        (
            "position_size",
            {"method": "fixed_dollar", "value": 150},
            {"risk.sizing": "fixed_risk", "risk.risk_usd": 150},
        ),
        (
            "position_size",
            {"method": "fixed_shares", "value": 10, "max_position_pct": 0.5},
            {"risk.sizing": "fixed_shares", "risk.shares": 10, "risk.max_position_pct": 0.5},
        ),
        ("strategy.entry_cutoff_time", "11:30", {"strategy.entry_cutoff_minutes": 270}),
        ("exit.eod_time", "15:45", {"strategy.flatten_minutes": 15}),
        ("instruments.timeframe", "15m", {"data.bar_interval": 15}),
        ("mtf_validation", {"enabled": True}, {"strategy.validation": True}),
    ],
)
def test_a_value_means_what_it_meant(
    path: str, value: object, expected: dict[str, Any], tmp_path: Path
) -> None:
    said, wrong = looked_at(tmp_path, with_value(path, value))
    assert wrong == []
    assert said.items() >= expected.items()


def test_a_time_without_quotes_is_the_same_time(tmp_path: Path) -> None:
    text = yaml.safe_dump(THEIRS).replace("'15:00'", "15:00").replace("'09:30'", "9:30")
    (tmp_path / "rulesets").mkdir()
    (tmp_path / "rulesets" / "mine.yaml").write_text(text)
    found = read_ruleset("mine", tmp_path).values()
    assert found["strategy.entry_cutoff_minutes"] == 60


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (
            "strategy.orb_start_time",
            "09:40",
            "strategy.orb_start_time: '09:40' has no meaning here. An opening range begins with its"
            " session. Remove the key",
        ),
        (
            "trade_filter.vix_max",
            30,
            "trade_filter.vix_max: 30 has no meaning here. The VIX is not read. Remove the key",
        ),
        (
            "strategy.allow_reentry",
            True,
            "strategy.allow_reentry: True has no meaning here. Write strategy.max_entries, how many"
            " entries a symbol may have in a session",
        ),
        (
            "exit.eod",
            False,
            "exit.eod: False has no meaning here. Positions are always left before the close."
            " Remove the key",
        ),
        (
            "exit.take_profit",
            {"method": "atr_multiple", "period": 20},
            "exit.take_profit.period: 20 has no meaning here. ATR is of 14 bars. Remove the key",
        ),
        (
            "exit.trailing_stop.mthod",
            "atr",
            "exit.trailing_stop.mthod is not known. Did you mean exit.trailing_stop.method?",
        ),
        (
            "instruments.symbls",
            ["A"],
            "instruments.symbls is not known. Did you mean instruments.symbols?",
        ),
        (
            "strategy.entry_cutoff_time",
            "at three",
            "strategy.entry_cutoff_time: 'at three' has no meaning here. Write a time in quotes,"
            ' such as "15:00"',
        ),
        ("exit", "eod", "exit has no keys. Write its keys below it, or remove it"),
        (
            "position_size.method",
            "max_loss",
            "position_size.method: 'max_loss' has no meaning here. Write max_loss_pct, fixed_dollar"
            " or fixed_shares",
        ),
        (
            "mtf_validation.enabled",
            True,
            "mtf_validation.timeframe: '30m' has no meaning here. Trends of 15 and 60 minutes are"
            " looked at. Remove the key",
        ),
    ],
)
def test_what_cannot_be_meant_here_is_refused_with_what_to_do(
    path: str, value: object, complaint: str, tmp_path: Path
) -> None:
    said, wrong = looked_at(tmp_path, with_value(path, value))
    assert wrong == [complaint]
    assert said == {}


def test_our_words_stand_beside_theirs_as_the_hints_say(tmp_path: Path) -> None:
    content = with_value("strategy.max_entries", 2)
    del content["strategy"]["allow_reentry"], content["strategy"]["one_trade_per_day"]
    said, wrong = looked_at(tmp_path, content)
    assert wrong == []
    assert said["strategy.max_entries"] == 2


def test_the_docs_have_the_table_of_keys() -> None:
    page = (REPOSITORY / "docs" / "rulesets.md").read_text()
    assert "\n".join(reference_table()) in page
    assert len(KEYS) == len(reference_table()) - 2
