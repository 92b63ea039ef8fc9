"""Kept runs as a table of the terminal, and as records for scripts."""

from __future__ import annotations

from collections.abc import Sequence

from blocks.results.kept_run import KeptRun
from flows.pages.text_table import folded_lines
from trading.backtest.performance import Json

_FIGURES = ("total_pnl", "total_return", "sharpe", "max_drawdown", "trades", "win_rate",
            "profit_factor", "expectancy_r")  # fmt: skip
_RIGHT = ("profit", "return %", "sharpe", "drawdown %", "trades")
_MOST_SYMBOLS = 3
_HASH_LETTERS = 8
_NONE = "-"


def runs_lines(runs: Sequence[KeptRun]) -> list[str]:
    """Return a row a run: when, what, its main figures and its hashes, a dash for none."""
    rows = [_row(run) for run in runs]
    return folded_lines(tuple(rows[0]), [tuple(row.values()) for row in rows], _RIGHT)


def run_record(run: KeptRun) -> dict[str, Json]:
    """Return a run as JSON-ready values; hashes and figures that it has not are null."""
    return {
        "name": run.name,
        "folder": str(run.folder),
        "written": run.written.isoformat(timespec="seconds"),
        "is_walk_forward": run.is_walk,
        "is_simulated": run.is_simulated,
        "strategy": run.strategy or None,
        "symbols": list(run.symbols),
        "first": run.first.isoformat(),
        "last": run.last.isoformat(),
        "interval_minutes": run.plan.get("interval_minutes"),
        "capital": run.capital,
        "source": run.source,
        "engine_version": run.engine or None,
        "hashes": {
            "bars": run.bars_hash,
            "past": run.past_hash,
            "parameters": run.parameters_hash,
        },
        **{name: run.summary.get(name) for name in _FIGURES},
    }


def _row(run: KeptRun) -> dict[str, object]:
    symbols = ",".join(run.symbols[:_MOST_SYMBOLS])
    more = len(run.symbols) - _MOST_SYMBOLS
    trades = run.figure("trades")
    return {
        "run": run.name,
        "written (UTC)": f"{run.written:%Y-%m-%d %H:%M}",
        "strategy": run.kind,
        "symbols": f"{symbols} +{more}" if more > 0 else symbols,
        "min": run.plan.get("interval_minutes") or _NONE,
        "first": run.first.isoformat(),
        "last": run.last.isoformat(),
        "profit": _written(run.figure("total_pnl"), "+,.2f"),
        "return %": _written(run.figure("total_return"), "+.2f", 100),
        "sharpe": _written(run.figure("sharpe"), "+.2f"),
        "drawdown %": _written(run.figure("max_drawdown"), "+.2f", 100),
        "trades": _NONE if trades is None else f"{trades:,.0f}",
        "bars": (run.bars_hash or _NONE)[:_HASH_LETTERS],
        "engine": engine_hash(run.engine)[:_HASH_LETTERS],
        "parameters": (run.parameters_hash or _NONE)[:_HASH_LETTERS],
    }


def engine_hash(engine: str) -> str:
    """Return the hash of the sources in an engine's version, a dash without one."""
    return engine.rpartition("+")[2] or _NONE


def _written(value: float | None, form: str, factor: float = 1) -> str:
    return _NONE if value is None else format(value * factor, form)
