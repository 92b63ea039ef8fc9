"""A finished sweep: its table, its best with what is to be said of it, and its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from blocks.research_report.sweep_page import sweep_page
from blocks.research_report.sweep_run import Refused as RefusedOnPage
from blocks.research_report.sweep_run import SweepPage
from tasks.sweep.batch import Refused
from tasks.sweep.folder import PAGE, RECORD, RESULTS, STATISTICS
from tasks.sweep.market import Market
from tasks.sweep.written_files import json_bytes, json_values, parquet_bytes, write_with_record
from trading.backtest.performance import Json
from trading.market.bars import Floats
from trading.sweep.objective import Objective
from trading.sweep.parameter_set import SYMBOLS
from trading.sweep.table import SET_HASH, SET_NUMBER


@dataclass(frozen=True, slots=True)
class MarketUse:
    """Bars that sets were run over, and how many sets that were."""

    market: Market
    sets: int

    @property
    def sessions(self) -> tuple[date, ...]:
        """Return the sessions that are traded."""
        return tuple(session.date for session in self.market.traded)

    def as_dict(self) -> dict[str, Json]:
        """Return it as JSON-ready values."""
        market = self.market
        return {
            "symbols": list(market.panel.symbols),
            "interval_minutes": market.panel.grid.interval_minutes,
            "warm_up": market.first_traded,
            "sessions": [day.isoformat() for day in self.sessions],
            "hash": market.hash,
            "hashes": {"bars": market.traded_hash, "past": market.past_hash},
            "source": market.source,
            "sets": self.sets,
        }


@dataclass(frozen=True)
class SweepReport:
    """A finished sweep: `results` a row a set that ran, in the order of set numbers.

    `best` is a row of the results, the best by `objective`; `statistics` as in statistics.json.
    `asked` is the request as JSON has it, `possible` the number of combinations of the grid,
    `sessions` those that any set traded and
    `returns` (sessions, sets) over them; `kept` how many sets an earlier run had done.
    """

    asked: Mapping[str, Json]
    possible: int
    parameters: tuple[str, ...]
    results: pl.DataFrame
    refused: tuple[Refused, ...]
    best: int
    objective: Objective
    statistics: Mapping[str, Json]
    sessions: tuple[date, ...]
    returns: Floats
    markets: tuple[MarketUse, ...]
    strategy: str
    strategy_digest: str
    engine: str
    notes: tuple[str, ...]
    is_simulated: bool
    kept: int = 0

    @property
    def best_values(self) -> dict[str, Json]:
        """Return what the best set gives to what is swept."""
        return {name: self.results[name][self.best] for name in self.parameters}

    def as_dict(self) -> dict[str, Json]:
        """Return what sweep.json has."""
        best = self.results.row(self.best, named=True)
        return {
            "engine_version": self.engine,
            "strategy": {"name": self.strategy, "sha256": self.strategy_digest},
            "request": dict(self.asked),
            "parameters": list(self.parameters),
            "sets": {
                "possible": self.possible,
                "ran": len(self.results),
                "refused": len(self.refused),
            },
            "best": {
                "set_number": best[SET_NUMBER],
                "set_hash": best[SET_HASH],
                "values": self.best_values,
                "objective": self.objective.value,
                "worth": best[self.objective.value],
            },
            "bars": [each.as_dict() for each in self.markets],
            "sessions": [day.isoformat() for day in self.sessions],
            "refused": [
                {"set_number": each.number, "values": json_values(each.values), "why": each.why}
                for each in self.refused
            ],
            "notes": list(self.notes),
        }

    def page(self) -> str:
        """Return the sweep as HTML."""
        return sweep_page(
            SweepPage(
                self.aligned_results(),
                self.parameters,
                self.objective.value,
                int(self.results[SET_NUMBER][self.best]),
                self.sessions,
                self.statistics,
                tuple(
                    RefusedOnPage(each.number, json_values(each.values), each.why)
                    for each in self.refused
                ),
                self.notes,
                self.markets[0].market.source,
                self.engine,
                f"Sweep of {self.strategy}",
                self._fixed(),
                self.is_simulated,
            )
        )

    def _fixed(self) -> dict[str, Json]:
        settings = self.asked["settings"]
        symbols = (
            list(self.markets[0].market.panel.symbols) if SYMBOLS not in self.parameters else None
        )
        return {
            **({} if symbols is None else {SYMBOLS: "+".join(symbols)}),
            **(settings if isinstance(settings, dict) else {}),
            "capital": self.asked["capital"],
        }

    def aligned_results(self) -> pl.DataFrame:
        """Return the results with a return for every session, in which a set may have rested."""
        if all(each.sessions == self.sessions for each in self.markets):
            return self.results
        returns = pl.Series("session_returns", self.returns.T.tolist(), pl.List(pl.Float64))
        return self.results.with_columns(returns)

    def write(self, out: Path) -> None:
        """Write the files of the sweep into its folder; raises StoreUnavailable."""
        files = {
            RESULTS: parquet_bytes(self.results),
            STATISTICS: json_bytes(self.statistics),
            PAGE: self.page().encode(),
        }
        write_with_record(out, files, RECORD, self.as_dict())
