"""The record of a walk-forward test as that of the one run into which its windows are joined."""

from __future__ import annotations

from collections.abc import Mapping

from trading.backtest.performance import Json

WALK = "walk_forward.json"
# What was asked of all windows alike, beside the settings.
_ASKED = ("symbols", "exchange", "interval_minutes", "capital", "grid", "random", "seed",
          "objective", "strategy_file")  # fmt: skip


def summary_of_walk(record: Mapping[str, Json]) -> dict[str, Json]:
    """Return a walk's record under the names that a backtest's summary.json has.

    Its plan is what was asked for: values that stand at their defaults are not told. The hashes of
    its bars are those that a backtest of the sessions that its windows traded has.
    """
    request, strategy = _part(record, "request"), _part(record, "strategy")
    sessions, bars = record.get("sessions"), record.get("bars")
    market = bars[0] if isinstance(bars, list) and bars else {}
    days = [str(day) for day in sessions] if isinstance(sessions, list) else []
    return {
        "engine_version": record.get("engine_version"),
        "source": market.get("source") if isinstance(market, dict) else None,
        "plan": {
            "strategy": {"strategy": strategy.get("name"), **_part(request, "settings")},
            **{name: request[name] for name in _ASKED if request.get(name) is not None},
            **_part(record, "lengths"),
        },
        "sessions": {"first": days[0], "last": days[-1], "count": len(days)} if days else {},
        "notes": record.get("notes"),
        "summary": record.get("summary"),
        "hashes": dict(_part(record, "hashes")),
        "files": record.get("files"),
    }


def _part(record: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    found = record.get(name)
    return found if isinstance(found, dict) else {}
