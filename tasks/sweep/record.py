"""What a sweep was asked for and what it ran over, as sweep.json has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path
from typing import Any

from blocks.bars.file_format import BarFileFormat
from blocks.stores.whole_file import read_whole
from blocks.strategy_file import load_strategy
from tasks.backtest.request import BacktestRequest
from tasks.sweep.folder import OF_SWEEP, FolderKind
from tasks.sweep.request import SweepRequest
from trading.backtest.performance import Json
from trading.errors import BadInput


def asked_record(request: SweepRequest) -> dict[str, Json]:
    """Return a request as JSON-ready values: all of it but who runs it and where it goes."""
    base, module = request.base, request.base.strategy_module
    return {
        "bars": None if base.bars is None else str(base.bars.absolute()),
        "daily_bars": None if base.daily_bars is None else str(base.daily_bars.absolute()),
        "symbols": list(base.symbols),
        "start": None if base.start is None else base.start.isoformat(),
        "end": None if base.end is None else base.end.isoformat(),
        "interval_minutes": base.interval_minutes,
        "capital": base.capital,
        "exchange": base.exchange,
        "settings": json.loads(json.dumps(dict(base.settings), default=str)),
        "strategy_file": None if module is None else str(Path(str(module.__file__)).absolute()),
        "format": json.loads(json.dumps(asdict(base.format), default=str)),
        "market_seed": base.seed,
        "grid": list(request.grid),
        "random": request.random,
        "optuna": request.optuna,
        "seed": request.seed,
        "objective": request.objective.value,
    }


def refuse_changed(out: Path, record: Mapping[str, Json], kind: FolderKind = OF_SWEEP) -> None:
    """Raise BadInput when finished work in a folder ran over other bars or with other code.

    Its request is the same, so that its results would be lost by an accident. `record` has of
    `strategy`, `engine_version` and `bars` what is known by now.
    """
    earlier = _earlier(out, kind)
    for name, what in (("strategy", "strategy"), ("engine_version", "engine"), ("bars", "bars")):
        if earlier is not None and name in record and not _is_equal(earlier, record, name):
            raise _changed(out, kind, what)


def refuse_other_bars(out: Path, bars_hash: str) -> None:
    """Raise BadInput when a finished sweep in a folder did not run over these bars."""
    earlier = _earlier(out, OF_SWEEP)
    if earlier is not None and bars_hash not in {bars["hash"] for bars in earlier["bars"]}:
        raise _changed(out, OF_SWEEP, "bars")


def _earlier(out: Path, kind: FolderKind) -> dict[str, Any] | None:
    content = read_whole(out / kind.record)
    try:
        earlier = json.loads(content or b"null")
    except ValueError:
        # It is no record of anything any more.
        return None
    return earlier if isinstance(earlier, dict) and "bars" in earlier else None


def _is_equal(earlier: Mapping[str, Any], record: Mapping[str, Json], name: str) -> bool:
    return bool(earlier.get(name) == json.loads(json.dumps(record[name])))


def _changed(out: Path, kind: FolderKind, what: str) -> BadInput:
    return BadInput(
        f"{out} holds this {kind.word} with another {what}, which changed since",
        "Give another folder to --out, or remove this one",
    )


def base_request(asked: Mapping[str, Any]) -> BacktestRequest:
    """Return the backtest that a sweep's sets are, from what it was asked for.

    Raises BadInput when the strategy's file cannot be used any more.
    """
    form = {each.name: asked["format"][each.name] for each in fields(BarFileFormat)}
    file = asked["strategy_file"]
    return BacktestRequest(
        bars=None if asked["bars"] is None else Path(asked["bars"]),
        daily_bars=None if asked["daily_bars"] is None else Path(asked["daily_bars"]),
        symbols=tuple(asked["symbols"]),
        start=None if asked["start"] is None else date.fromisoformat(asked["start"]),
        end=None if asked["end"] is None else date.fromisoformat(asked["end"]),
        interval_minutes=asked["interval_minutes"],
        capital=asked["capital"],
        exchange=asked["exchange"],
        settings=asked["settings"],
        format=BarFileFormat(**{**form, "column_order": tuple(form["column_order"])}),
        seed=asked["market_seed"],
        strategy_module=None if file is None else load_strategy(Path(file)),
    )
