"""A plan as a session's first journal row keeps it, and what changed from one plan to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypedDict

from trading.errors import BadInput
from trading.parameters import GATE_OFF
from trading.plan import RunPlan, make_plan

if TYPE_CHECKING:
    from trading.market.daily_bars import DailyBars

# Words are the strategy file's, whose hash says that it changed.
_TOLD_ELSEWHERE = ("symbols", "held", "levels", "own_reasons", "daily_bars_before_sha256")


def record_of(plan: RunPlan, source: str, strategy_sha256: str = "") -> dict[str, object]:
    """Return the whole plan, JSON-ready: `source` names where bars come from.

    `strategy_sha256` is of a user's strategy file, empty for a built-in one.
    """
    return {
        **plan.describe(),
        "held": list(plan.held),
        "strategy_name": plan.strategy_name,
        "strategy_sha256": strategy_sha256,
        "daily_bars_sha256": plan.daily_bars_sha256,
        "source": source,
        **words_of(plan),
    }


class Words(TypedDict):
    """What the strategy's file calls its levels, and the meanings of its own reasons."""

    levels: list[str]
    own_reasons: dict[str, str]


def with_earlier_daily_bars(
    record: Mapping[str, Any], before: Mapping[str, Any], session: str, daily: DailyBars | None
) -> dict[str, object]:
    """Return a record that says what its daily bars were as far as an earlier session knew them.

    `before` is the record of that session. A file that grows by a day is no other file, and that
    of other symbols is not told from it.
    """
    known = None if daily is None else daily.of_symbols(before.get("symbols", ()))
    as_then = ""
    if known is not None:
        as_then = known.before(date.fromisoformat(session)).sha256
    elif daily is not None:
        as_then = str(before.get("daily_bars_sha256", "")) or "none"
    return {**record, "daily_bars_before_sha256": as_then}


def words_of(plan: RunPlan) -> Words:
    """Return the names of a plan's levels and its own reasons, for who reads without its file."""
    return {"levels": list(plan.levels), "own_reasons": plan.own_reasons}


def plan_from(record: Mapping[str, Any], strategy_module: ModuleType | None = None) -> RunPlan:
    """Return the plan that a row holds; `strategy_module` is the user's strategy, if it was one.

    Raises BadInput where this version knows no such parameters, naming them.
    """
    held = tuple(record.get("held", ()))
    plan = make_plan(
        [symbol for symbol in record["symbols"] if symbol not in held],
        {
            **record["strategy"],
            **record["risk"],
            **record["fills"],
            # A session that an earlier version began goes on without the gate, as it was decided.
            **record.get("gate", GATE_OFF.model_dump()),
        },
        exchange=record["exchange"],
        interval_minutes=record["interval_minutes"],
        capital=record["capital"],
        strategy_module=strategy_module,
    )
    name = str(record.get("strategy_name", ""))
    return replace(
        plan,
        symbols=(*plan.symbols, *held),
        held=held,
        given_name=name,
        daily_bars_sha256=str(record.get("daily_bars_sha256", "")),
    )


def refuse_another_market(
    known: Mapping[str, Any], exchange: str, account: str, *, has_simulated_bars: bool
) -> None:
    """Raise BadInput for what of an account may never change; `known` is its newest record."""
    if "source" in known and ("SIMULATED" in str(known["source"])) != has_simulated_bars:
        was, now = ("simulated", "real") if not has_simulated_bars else ("real", "simulated")
        raise BadInput(
            f"account {account} was begun on {was} bars and cannot go on with {now} ones",
            f"Begin on {now} bars in a folder of its own: DATA_DIR=data-{now} in .env, or"
            f" --data-dir data-{now}",
        )
    refuse_another_exchange(known, exchange, account)


def refuse_another_exchange(known: Mapping[str, Any], exchange: str, account: str) -> None:
    """Raise BadInput where an account whose newest record is `known` has another exchange."""
    own = known.get("exchange", exchange)
    # Of a plan only this may not be another in the next session: hours, and so all that was
    # compared.
    if own != exchange:
        raise BadInput(
            f"account {account} was begun on exchange {own} and not on {exchange}",
            f"Go on with EXCHANGE={own}, or begin another account with another DATA_DIR",
        )


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return a line for each value that is another now, old and new; symbols that came and went."""
    lines: list[str] = []
    was, now = _flat(before), _flat(after)
    if before.get("daily_bars_sha256") == after.get("daily_bars_before_sha256"):
        # The file has only grown by what was not known then.
        was.pop("daily_bars_sha256", None)
    for name in sorted(was.keys() | now.keys()):
        old, new = was.get(name), now.get(name)
        if name in was and name in now and old != new:
            lines.append(f"{name} {_text(old)} -> {_text(new)}")
    lines += _symbol_changes(before, after)
    return lines


def _symbol_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    was, now = _traded(before), _traded(after)
    held = tuple(after.get("held", ()))
    lines = []
    if added := [symbol for symbol in now if symbol not in was]:
        lines.append(f"symbols added: {', '.join(added)}")
    if gone := [symbol for symbol in was if symbol not in now]:
        lines.append(f"symbols no longer traded: {', '.join(gone)}")
    if kept := [symbol for symbol in held if symbol in gone]:
        lines.append(f"kept until flat: {', '.join(kept)}")
    if not lines and was != now:
        lines.append(f"symbols {', '.join(was)} -> {', '.join(now)}")
    return lines


def _traded(record: Mapping[str, Any]) -> tuple[str, ...]:
    held = record.get("held", ())
    return tuple(symbol for symbol in record.get("symbols", ()) if symbol not in held)


def _flat(record: Mapping[str, Any]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in record.items():
        if name in _TOLD_ELSEWHERE:
            continue
        if isinstance(value, Mapping):
            found |= {f"{name}.{inner}": each for inner, each in value.items()}
        else:
            found[name] = value
    return found


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
