"""A finished walk-forward test: its tables, its figures, and its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import polars as pl

from blocks.bars.content_hash import BarHashes
from blocks.research_report.walk.page import walk_page
from blocks.research_report.walk.run import WalkPage
from tasks.sweep.batch import Refused
from tasks.sweep.chunk import Strategy
from tasks.sweep.market import Market
from tasks.sweep.written_files import json_values, parquet_bytes, write_with_record
from tasks.walk_forward.folder import EQUITY, PAGE, RECORD, TRADES, WINDOWS
from tasks.walk_forward.request import WalkRequest, asked_walk
from trading.backtest.performance import Json, Summary
from trading.backtest.tables import equity_table, trades_table
from trading.counted import counted
from trading.statistics.cost_sensitivity import CostSensitivity
from trading.statistics.monte_carlo import MonteCarlo
from trading.statistics.record import costs_record, monte_carlo_record
from trading.sweep.parameter_set import SYMBOLS, ParameterSet
from trading.sweep.table import SET_NUMBER, figures_table, parameters_table
from trading.walk_forward.verdict import WalkStatistics, sentence_of
from trading.walk_forward.walk import Walk, WindowRun


class RefusedSet(NamedTuple):
    """A set that could not be run: in which windows, and why in the first of them."""

    number: int
    why: str
    windows: tuple[int, ...]


@dataclass(frozen=True)
class WalkReport:
    """A finished walk: `parameters` are what is swept, `sets` all sets by their numbers.

    `refused` are sets that were not run at all.
    """

    request: WalkRequest
    walk: Walk
    parameters: tuple[str, ...]
    sets: Mapping[int, ParameterSet]
    refused: tuple[Refused, ...]
    statistics: WalkStatistics
    monte_carlo: MonteCarlo
    costs: CostSensitivity | None
    strategy: Strategy
    engine: str
    markets: tuple[Market, ...]

    @property
    def sentence(self) -> str:
        """Return what the figures come to in plain words."""
        return sentence_of(self.statistics)

    def trades(self) -> pl.DataFrame:
        """Return the trades of all windows as a backtest has them."""
        joined = self.walk.joined
        return trades_table(joined.outcome, joined.grid, joined.plan)

    def equity(self) -> pl.DataFrame:
        """Return the account's value at each bar of all windows as a backtest has it."""
        return equity_table(self.walk.joined.outcome)

    def windows(self) -> pl.DataFrame:
        """Return a row a window: its sessions, its choice, and the figures of both parts.

        Figures are those of summary.json, named in_sample_ and out_of_sample_; what was not chosen
        is null.
        """
        runs = self.walk.windows
        table = pl.DataFrame(
            {
                "window": [run.window.number for run in runs],
                "in_sample_first": [run.in_sample[0].date for run in runs],
                "in_sample_last": [run.in_sample[-1].date for run in runs],
                "purged_sessions": [len(run.window.purged) for run in runs],
                "out_of_sample_first": [run.out_of_sample[0].date for run in runs],
                "out_of_sample_last": [run.out_of_sample[-1].date for run in runs],
                "refused_sets": [len(run.chosen.refused) for run in runs],
                "why_idle": [run.why_idle or None for run in runs],
            },
            schema_overrides={"why_idle": pl.String},
        )
        efficiency = pl.Series("efficiency", [run.efficiency for run in runs], pl.Float64)
        return pl.concat(
            [
                table,
                self._chosen(),
                efficiency.to_frame(),
                _named("in_sample", figures_table([run.in_sample_summary for run in runs])),
                _named("out_of_sample", figures_table([run.summary for run in runs])),
            ],
            how="horizontal",
        )

    def _chosen(self) -> pl.DataFrame:
        """Return a row a window: the number of its choice and its parameters, null without one."""
        numbers = [run.chosen.number for run in self.walk.windows]
        chosen = sorted({number for number in numbers if number is not None})
        values = [self.sets[number].values for number in chosen]
        known = parameters_table(self.parameters, values)
        known = known.with_columns(pl.Series(SET_NUMBER, chosen, pl.Int64))
        asked = pl.DataFrame([pl.Series(SET_NUMBER, numbers, pl.Int64)])
        return asked.join(known, on=SET_NUMBER, how="left", maintain_order="left")

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the figures must know, one sentence each."""
        lengths, walk = self.walk.lengths, self.walk
        last = walk.windows[-1]
        untraded = lengths.step - lengths.out_of_sample
        idle = [run for run in walk.windows if run.why_idle]
        refused = self.refused_sets
        of_bars = dict.fromkeys(note for market in self.markets for note in market.notes)
        said = [
            f"{counted(walk.left_out, 'session')} at the beginning are in no window: the"
            " indicators have not all their values there"
            if walk.left_out
            else "",
            f"the last window trades {counted(len(last.out_of_sample), 'session')}, not"
            f" {lengths.out_of_sample}: the bars end there"
            if len(last.out_of_sample) < lengths.out_of_sample
            else "",
            f"step {lengths.step} is longer than out-of-sample {lengths.out_of_sample}: after"
            f" each window {counted(untraded, 'session')} are not traded, and the curve leaves"
            " them out"
            if untraded
            else "",
            f"{len(idle)} of {len(walk.windows)} windows traded nothing: {idle[0].why_idle}"
            if idle
            else "",
            f"{len(refused):,} of {len(self.sets):,} sets could not be run, in all or some windows;"
            f" {RECORD} lists them"
            if refused
            else "",
        ]
        return (*filter(None, said), *of_bars)

    def as_dict(self) -> dict[str, Json]:
        """Return what walk_forward.json has."""
        lengths, walk = self.walk.lengths, self.walk
        return {
            "engine_version": self.engine,
            "strategy": {"name": self.strategy.name, "sha256": self.strategy.digest},
            "request": asked_walk(self.request),
            "lengths": {
                "in_sample": lengths.in_sample,
                "out_of_sample": lengths.out_of_sample,
                "step": lengths.step,
                "purged": lengths.purged,
                "anchored": lengths.is_anchored,
            },
            "objective": walk.objective.value,
            "parameters": list(self.parameters),
            "sets": len(self.sets),
            "windows": [self._window(run) for run in walk.windows],
            "stability": self._stability(),
            "summary": walk.summary.as_dict(),
            "sessions": [day.date.isoformat() for day in walk.joined.grid.sessions],
            "statistics": self._statistics(),
            "refused": [
                {
                    "set_number": each.number,
                    "values": json_values(self.sets[each.number].values),
                    "windows": list(each.windows),
                    "why": each.why,
                }
                for each in self.refused_sets
            ],
            "hashes": self._hashes(),
            "bars": [
                {
                    "source": market.source,
                    "hash": market.hash,
                    "symbols": list(market.panel.symbols),
                    "interval_minutes": market.panel.grid.interval_minutes,
                }
                for market in self.markets
            ],
            "notes": list(self.notes),
        }

    def _hashes(self) -> dict[str, Json]:
        """Return the hashes of the joined run's bars as a backtest of its sessions has them.

        They are none where windows may have traded bars of several kinds.
        """
        sessions = self.walk.joined.grid.sessions
        if len(self.markets) != 1:
            return {"bars": None, "past": None}
        panel = self.markets[0].panel
        all_of = list(panel.grid.sessions)
        first = all_of.index(sessions[0])
        if tuple(all_of[first : first + len(sessions)]) != tuple(sessions):
            # Sessions between windows were not traded.
            return {"bars": None, "past": None}
        hashes = BarHashes(panel, first, len(sessions))
        return {"bars": hashes.traded, "past": hashes.past}

    def _window(self, run: WindowRun) -> dict[str, Json]:
        number, figures = run.chosen.number, run.in_sample_summary
        return {
            "window": run.window.number,
            "in_sample": _span(run.in_sample[0].date, run.in_sample[-1].date, len(run.in_sample)),
            "purged_sessions": len(run.window.purged),
            "out_of_sample": _span(
                run.out_of_sample[0].date, run.out_of_sample[-1].date, len(run.out_of_sample)
            ),
            "set_number": number,
            "values": None if number is None else json_values(self.sets[number].values),
            "worth_in_sample": _figure(figures, self.walk.objective),
            "worth_out_of_sample": _figure(run.summary, self.walk.objective),
            "efficiency": run.efficiency,
            "initial_equity": run.summary.initial_equity,
            "final_equity": run.summary.final_equity,
            "trades": run.summary.trades,
            "refused_sets": len(run.chosen.refused),
            "why_idle": run.why_idle or None,
        }

    @property
    def refused_sets(self) -> tuple[RefusedSet, ...]:
        """Return the sets that could not be run in all windows, or in some, by their numbers."""
        every = tuple(run.window.number for run in self.walk.windows)
        found = {each.number: RefusedSet(each.number, each.why, every) for each in self.refused}
        for run in self.walk.windows:
            for number, why in run.chosen.refused.items():
                known = found.get(number, RefusedSet(number, why, ()))
                found[number] = known._replace(windows=(*known.windows, run.window.number))
        return tuple(found[number] for number in sorted(found))

    def _stability(self) -> dict[str, Json]:
        """Return how often the choice changed, and how many values of each parameter it took."""
        chosen = [run.chosen.number for run in self.walk.windows if run.chosen.number is not None]
        values = [json_values(self.sets[number].values) for number in chosen]
        return {
            "choices": len(chosen),
            "changes": self.statistics.changes,
            "different_sets": len(set(chosen)),
            "values": {
                name: len({json.dumps(each[name]) for each in values}) for name in self.parameters
            },
        }

    def _statistics(self) -> dict[str, Json]:
        return {
            **asdict(self.statistics),
            "monte_carlo": monte_carlo_record(self.monte_carlo),
            **costs_record(self.costs),
            "sentence": self.sentence,
            "notes": [
                *self.statistics.notes,
                *self.monte_carlo.notes,
                *(self.costs.notes if self.costs is not None else ()),
            ],
        }

    def page(self) -> str:
        """Return the walk as HTML."""
        base = self.request.sweep.base
        chosen = [run.chosen.number for run in self.walk.windows if run.chosen.number is not None]
        symbols = "" if SYMBOLS in self.parameters else "+".join(self.walk.joined.plan.symbols)
        return walk_page(
            WalkPage(
                self.walk,
                self.parameters,
                {
                    number: json_values(self.sets[number].values)
                    for number in chosen
                    if number is not None
                },
                len(self.sets),
                self._statistics(),
                self.notes,
                self.markets[0].source,
                self.engine,
                f"Walk-forward test of {self.strategy.name}",
                {
                    **({SYMBOLS: symbols} if symbols else {}),
                    **json_values(base.settings),
                    "capital": base.capital,
                },
                base.is_simulated,
            )
        )

    def write(self, out: Path) -> None:
        """Write the files of the walk into its folder; raises StoreUnavailable."""
        files = {
            WINDOWS: parquet_bytes(self.windows()),
            TRADES: parquet_bytes(self.trades()),
            EQUITY: parquet_bytes(self.equity()),
            PAGE: self.page().encode("utf-8", "replace"),
        }
        write_with_record(out, files, RECORD, self.as_dict())


def _named(prefix: str, figures: pl.DataFrame) -> pl.DataFrame:
    return figures.rename({name: f"{prefix}_{name}" for name in figures.columns})


def _span(first: date, last: date, sessions: int) -> dict[str, Json]:
    return {"first": first.isoformat(), "last": last.isoformat(), "sessions": sessions}


def _figure(summary: Summary | None, name: str) -> Json:
    return None if summary is None else summary.as_dict()[name]
