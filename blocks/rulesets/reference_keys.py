"""Rulesets in the reference system's keys: each is kept, renamed, or refused with a hint.

docs/rulesets.md has its table from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from blocks.rulesets.reference_values import (
    BadValue,
    Ours,
    Read,
    as_it_is,
    at_the_close,
    at_the_open,
    bar_length,
    before_the_close,
    never,
    one_of,
    only,
    steps_in_r,
    ticks_in_usd,
)
from trading.errors import BadInput
from trading.near_names import nearest_of

SECTIONS = ("instruments", "position_size", "exit", "trade_filter", "mtf_validation")
# What a file in the reference's keys means where it says nothing, and we would mean another thing.
UNSAID: Ours = {
    "strategy.min_body": 0.0,
    "strategy.breakout_on": "wick",
    "strategy.target": "none",
    "risk.max_position_pct": 1.0,
}
_SIZE = "position_size.value"
_ENTRIES = "Write strategy.max_entries, how many entries a symbol may have in a session"
_ATR = "ATR is of 14 bars. Remove the key"
_TRAIL = (
    "Write method: fixed_dollar with value in USD, atr with multiplier, or"
    " strategy.trailing: percent with strategy.trail_pct"
)

# A key of the reference, with the method of its section where that decides -> how it is read, and
# what the docs say becomes of it.
KEYS: dict[str, tuple[Read, str]] = {
    "instruments.symbols": (as_it_is("symbols"), "`symbols`"),
    "instruments.timeframe": (bar_length, "`interval_minutes`"),
    "strategy.type": (as_it_is("strategy.strategy"), "`strategy.strategy`"),
    "strategy.orb_start_time": (
        at_the_open,
        "nothing: a range begins with its session. Another time than the open is refused",
    ),
    "strategy.orb_duration_minutes": (
        as_it_is("strategy.range_minutes"),
        "`strategy.range_minutes`",
    ),
    "strategy.orb_body_pct_filter": (as_it_is("strategy.min_body"), "`strategy.min_body`"),
    "strategy.breakout_evaluation": (
        one_of(
            "Write wick or body",
            wick={"strategy.breakout_on": "wick"},
            body={"strategy.breakout_on": "close"},
        ),
        "`strategy.breakout_on`: `wick`, or `close` for body",
    ),
    "strategy.entry_cutoff_time": (
        before_the_close("strategy.entry_cutoff_minutes"),
        "`strategy.entry_cutoff_minutes`, before each session's own close",
    ),
    "strategy.market_close_time": (
        at_the_close,
        "nothing: the calendar says it. Another time than the close is refused",
    ),
    "strategy.entry_mode": (
        only("no_validation_simple", "Write strategy.validation: true in its place"),
        "nothing. Another mode than no_validation_simple is refused: `strategy.validation`",
    ),
    "strategy.one_trade_per_day": (
        only(True, _ENTRIES),
        "nothing. false is refused: `strategy.max_entries`",
    ),
    "strategy.cancel_other_side": (
        only(True, "A symbol has one order or position at a time. Remove the key"),
        "nothing. false is refused",
    ),
    "strategy.allow_reentry": (
        only(False, _ENTRIES),
        "nothing. true is refused: `strategy.max_entries`",
    ),
    "position_size.method": (
        one_of(
            "Write max_loss_pct, fixed_dollar or fixed_shares",
            max_loss_pct={"risk.sizing": "risk"},
            fixed_dollar={"risk.sizing": "fixed_risk"},
            fixed_shares={"risk.sizing": "fixed_shares"},
        ),
        "`risk.sizing`: `risk`, `fixed_risk` or `fixed_shares`",
    ),
    "position_size.value (max_loss_pct)": (
        as_it_is("risk.risk_per_trade"),
        "`risk.risk_per_trade`",
    ),
    "position_size.value (fixed_dollar)": (as_it_is("risk.risk_usd"), "`risk.risk_usd`"),
    "position_size.value (fixed_shares)": (as_it_is("risk.shares"), "`risk.shares`"),
    "position_size.max_shares": (as_it_is("risk.max_shares"), "`risk.max_shares`"),
    "position_size.max_position_pct": (
        as_it_is("risk.max_position_pct"),
        "`risk.max_position_pct`",
    ),
    "exit.eod": (
        only(True, "Positions are always left before the close. Remove the key"),
        "nothing: positions are always left. false is refused",
    ),
    "exit.eod_time": (
        before_the_close("strategy.flatten_minutes"),
        "`strategy.flatten_minutes`, before each session's own close",
    ),
    "exit.take_profit": (
        only(None, "Write method and its values below it, or null"),
        "`strategy.target: none`, where it is null or left out",
    ),
    "exit.take_profit.method": (
        one_of(
            "Write orb_range_multiple, atr_multiple or fixed_pct",
            orb_range_multiple={"strategy.target": "range"},
            atr_multiple={"strategy.target": "atr"},
            fixed_pct={"strategy.target": "percent"},
        ),
        "`strategy.target`: `range`, `atr` or `percent`",
    ),
    "exit.take_profit.multiplier": (
        as_it_is("strategy.target_multiple"),
        "`strategy.target_multiple`; 0 is `strategy.target: none`",
    ),
    "exit.take_profit.value": (as_it_is("strategy.target_pct"), "`strategy.target_pct`"),
    "exit.take_profit.period": (only(14, _ATR), "nothing. Another number than 14 is refused"),
    "exit.stop_loss": (only(None, "Write method and its values below it"), "nothing"),
    "exit.stop_loss.method": (
        one_of(
            "Write orb_level, atr_multiple or fixed_pct",
            orb_level={"strategy.stop": "range"},
            atr_multiple={"strategy.stop": "atr"},
            fixed_pct={"strategy.stop": "percent"},
        ),
        "`strategy.stop`: `range`, `atr` or `percent`",
    ),
    "exit.stop_loss.multiplier": (as_it_is("strategy.stop_atr"), "`strategy.stop_atr`"),
    "exit.stop_loss.value": (as_it_is("strategy.stop_pct"), "`strategy.stop_pct`"),
    "exit.stop_loss.period": (only(14, _ATR), "nothing. Another number than 14 is refused"),
    "exit.trailing_stop": (
        only(None, "Write method and its values below it, or null"),
        "`strategy.trailing: none`, where it is null or left out",
    ),
    "exit.trailing_stop.method": (
        one_of(
            _TRAIL,
            breakeven_plus_ticks={"strategy.trailing": "breakeven"},
            stepped_r_multiple={"strategy.trailing": "stepped"},
            atr={"strategy.trailing": "atr"},
            fixed_dollar={"strategy.trailing": "dollars"},
        ),
        "`strategy.trailing`: `breakeven`, `stepped`, `atr` or `dollars`. initial_risk_pct is"
        " refused",
    ),
    "exit.trailing_stop.trigger_r": (
        as_it_is("strategy.trail_trigger_r"),
        "`strategy.trail_trigger_r`",
    ),
    "exit.trailing_stop.plus_ticks": (ticks_in_usd, "`strategy.trail_plus`, in USD"),
    "exit.trailing_stop.steps": (steps_in_r, "`strategy.trail_steps`: pairs of at, move_stop_to"),
    "exit.trailing_stop.multiplier": (as_it_is("strategy.trail_atr"), "`strategy.trail_atr`"),
    "exit.trailing_stop.value": (as_it_is("strategy.trail_dollars"), "`strategy.trail_dollars`"),
    "exit.trailing_stop.period": (only(14, _ATR), "nothing. Another number than 14 is refused"),
    "trade_filter.vix_max": (
        only(None, "The VIX is not read. Remove the key"),
        "nothing. A number is refused: the VIX is not read",
    ),
    "trade_filter.volume_confirmation": (
        as_it_is("strategy.volume_filter"),
        "`strategy.volume_filter`",
    ),
    "trade_filter.volume_threshold": (
        as_it_is("strategy.volume_threshold"),
        "`strategy.volume_threshold`",
    ),
    "mtf_validation.enabled": (as_it_is("strategy.validation"), "`strategy.validation`"),
    "mtf_validation.timeframe": (
        never("Trends of 15 and 60 minutes are looked at. Remove the key"),
        "nothing. With enabled: true it is refused: 15 and 60 minutes are looked at",
    ),
    "mtf_validation.condition": (
        only("trend_aligned", "Only trend_aligned is known. Remove the key"),
        "nothing. With enabled: true another than trend_aligned is refused",
    ),
}


def in_our_words(content: Mapping[str, Any]) -> tuple[dict[str, Any], list[BadInput]]:
    """Return a file's content with the reference's keys in our words, and those that are refused.

    Our own keys may stand beside them, and win. What no key of the reference is stays as it is.
    """
    theirs: Ours = {}
    ours: Ours = {}
    wrong: list[BadInput] = []
    is_theirs = any(section in content for section in SECTIONS)
    for path, value in _flat(content):
        key = path.partition(" ")[0]
        read = KEYS.get(path) or KEYS.get(key)
        if read is None:
            section = path.partition(".")[0]
            if section not in SECTIONS:
                ours[path] = value
                continue
            if key == _SIZE:
                continue  # What the value is, its method says, which is refused itself.
            if path == section:
                hint = "Write its keys below it, or remove it"
                wrong.append(BadInput(f"{section} has no keys", hint))
                continue
            near = nearest_of(key, (each.partition(" ")[0] for each in KEYS))
            hint = f"Did you mean {near}?" if near else "openbell docs rulesets has all keys"
            wrong.append(BadInput(f"{key} is not known", hint))
            continue
        is_theirs = True
        try:
            theirs |= read[0](value)
        except BadValue as error:
            wrong.append(BadInput(f"{key}: {value!r:.40} has no meaning here", str(error)))
    if theirs.get("strategy.target_multiple") == 0:
        del theirs["strategy.target_multiple"]
        theirs["strategy.target"] = "none"
    return _nested({**(UNSAID if is_theirs else {}), **theirs, **ours}), wrong


def reference_table() -> list[str]:
    """Return the rows of the docs' table."""
    rows = [f"| `{key}` | {becomes} |" for key, (_, becomes) in KEYS.items()]
    return ["| key of the reference | becomes |", "|---|---|", *rows]


def _flat(content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield `section.key` and value; a value whose meaning a method decides has it behind it."""
    for section, values in content.items():
        if not isinstance(values, Mapping) or not values:
            yield section, values
            continue
        is_off = section == "mtf_validation" and values.get("enabled", False) is False
        for name, value in values.items():
            if is_off and f"{section}.{name}" in KEYS:
                continue
            if section == "exit" and isinstance(value, Mapping):
                yield from ((f"{section}.{name}.{inner}", each) for inner, each in value.items())
            elif f"{section}.{name}" == _SIZE:
                yield f"{_SIZE} ({values.get('method', 'max_loss_pct')})", value
            else:
                yield f"{section}.{name}", value


def _nested(values: Ours) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, value in values.items():
        group, _, name = path.partition(".")
        if name:
            found.setdefault(group, {})[name] = value
        else:
            found.setdefault(group, value)
    return found
