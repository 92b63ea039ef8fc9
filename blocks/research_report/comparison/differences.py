"""In what runs differ: parameters, bars and engine, figures, equity, trades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl

from blocks.report.html.markup import NOTHING
from blocks.research_report.comparison.run import ComparedRun
from blocks.research_report.figures import FIGURES, shown_value
from trading.market.bars import Floats

# Two trades are the same one when these agree; the last counts those that agree in all others.
_KEY = ("session", "symbol", "side", "entry_time")
_OCCURRENCE = "occurrence"
# What makes a trade another one; beyond that it may differ in its size or in what it paid.
PRICES = ("entry_price", "exit_time", "exit_price", "exit_reason")
SIZE, PROFIT = "quantity", "pnl"
COMPARED = (*PRICES, SIZE, PROFIT)
TRADE_COLUMNS = (*_KEY, *COMPARED)
EQUITY_COLUMNS = ("ts", "equity")
_OTHER = "_other"


class Row(NamedTuple):
    """A line of a table: what it is of, and what each run has, in their order."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TradeDifferences:
    """The trades of two runs: those that only one has, those in both with other prices or exits.

    `changed` has the first run's columns, and the other's under their names with `_other`; `sized`
    are trades in both that differ in nothing but their size or their profit, `equal` the rest.
    """

    only_first: pl.DataFrame
    only_other: pl.DataFrame
    changed: pl.DataFrame
    sized: int
    equal: int


def parameters_that_differ(runs: Sequence[ComparedRun]) -> list[Row]:
    """Return what not all runs have alike; a parameter that a run does not know is a dash.

    What a walk does not tell stands at its default or was chosen anew: it makes no difference.
    """
    names = dict.fromkeys(name for run in runs for name in run.parameters)
    rows = []
    for name in names:
        values = [run.parameters.get(name, _ABSENT) for run in runs]
        told = [
            value
            for run, value in zip(runs, values, strict=True)
            if value is not _ABSENT or not run.is_walk
        ]
        if any(value != told[0] for value in told):
            rows.append(
                Row(
                    name,
                    tuple(NOTHING if v is _ABSENT else shown_value(v) for v in values),
                )
            )
    return rows


def figures_beside(runs: Sequence[ComparedRun]) -> list[Row]:
    """Return the figures of all runs side by side, a dash for none."""
    return [
        Row(figure.heading, tuple(figure.written(run.figures.get(figure.name), unit=False)
                                  for run in runs))
        for figure in FIGURES
    ]  # fmt: skip


def same_or_not(runs: Sequence[ComparedRun]) -> list[str]:
    """Return one sentence on the bars, one on the engine, and others on what cannot be compared."""
    said = [_bars_words(runs), _engine_words(runs)]
    simulated = [run.label for run in runs if run.is_simulated]
    walks = [run.label for run in runs if run.is_walk]
    if walks:
        said.append(
            f"Walk-forward, of each window what was traded after its choice: {_listed(walks)}."
        )
    if simulated:
        said.append(f"SIMULATED bars, which no market made: {_listed(simulated)}.")
    if len({(run.first, run.last) for run in runs}) > 1:
        spans = "; ".join(f"{run.label} {run.first} to {run.last}" for run in runs)
        said.append(
            f"They traded other sessions, so their figures are not of the same days: {spans}."
        )
    if len({run.capital for run in runs}) > 1:
        amounts = "; ".join(f"{run.label} {run.capital:,.2f}" for run in runs)
        said.append(f"They began with other capital, USD: {amounts}. Compare shares, not sums.")
    return said


def trades_that_differ(first: ComparedRun, other: ComparedRun) -> TradeDifferences:
    """Return the trades that only one run has, and those in both that are not alike."""
    key = [*_KEY, _OCCURRENCE]
    ours, theirs = _keyed(first), _keyed(other)
    both = ours.join(theirs, on=key, how="inner", suffix=_OTHER, maintain_order="left")
    differs = [pl.col(name).ne_missing(pl.col(name + _OTHER)) for name in COMPARED]
    is_other = pl.any_horizontal(differs[: len(PRICES)])
    is_unlike = pl.any_horizontal(differs)
    sized = both.filter(~is_other & is_unlike)
    return TradeDifferences(
        ours.join(theirs, on=key, how="anti", maintain_order="left"),
        theirs.join(ours, on=key, how="anti", maintain_order="left"),
        both.filter(is_other),
        len(sized),
        len(both.filter(~is_unlike)),
    )


def trade_sentences(found: TradeDifferences, first: str, other: str) -> tuple[str, str]:
    """Return in two sentences how many trades two runs have in common, and how many not."""
    alike = found.equal + found.sized + len(found.changed)
    return (
        f"{alike:,} in both, {len(found.only_first):,} only in {first},"
        f" {len(found.only_other):,} only in {other}.",
        f"Of those in both: {found.equal:,} equal, {len(found.changed):,} with another price or"
        f" exit, {found.sized:,} with another size or profit alone.",
    )


def equity_together(runs: Sequence[ComparedRun]) -> tuple[list[date], list[Floats]]:
    """Return the days that any run traded, and the growth of each on them, a fraction.

    It is that at the day's last bar, in UTC, NaN before a run's first day and after its last.
    """
    ends = [
        run.equity.group_by(pl.col("ts").dt.date().alias("day"), maintain_order=True)
        .agg(pl.col("equity").last() / run.capital - 1)
        .rename({"equity": run.label})
        for run in runs
    ]
    days = pl.concat([each.select("day") for each in ends]).unique().sort("day")
    for each in ends:
        days = days.join(each, on="day", how="left", maintain_order="left")
    lines = [days[run.label].fill_null(float("nan")).to_numpy() for run in runs]
    return days["day"].to_list(), [_carried(line) for line in lines]


_ABSENT = object()


def _keyed(run: ComparedRun) -> pl.DataFrame:
    trades = run.trades.select(
        pl.col(name).cast(pl.String) if name in ("symbol", "side", "exit_reason") else pl.col(name)
        for name in TRADE_COLUMNS
    )
    return trades.with_columns(pl.int_range(pl.len()).over(_KEY).alias(_OCCURRENCE))


def _carried(line: Floats) -> Floats:
    """Return a line with its gaps filled by what was before, inside its own days."""
    known = np.flatnonzero(~np.isnan(line))
    if not len(known):
        return line
    filled: Floats = np.array(pl.Series(line).fill_nan(None).forward_fill().to_numpy())
    filled[: known[0]] = np.nan
    filled[known[-1] + 1 :] = np.nan
    return filled


def _bars_words(runs: Sequence[ComparedRun]) -> str:
    unknown = [run.label for run in runs if run.bars_hash is None]
    if unknown:
        return (
            f"Whether the bars were the same is not known: {_listed(unknown)} kept no hash of them"
            " that can be compared (an older run, a scan, or a walk over bars of several kinds)."
        )
    if len({run.bars_hash for run in runs}) > 1:
        groups = _groups([(run.label, str(run.bars_hash)) for run in runs])
        return f"The bars were NOT the same: {groups}."
    if len({run.past_hash for run in runs}) > 1:
        return (
            "The bars were the same, but not those before them, which warm indicators up"
            f" ({str(runs[0].bars_hash)[:8]})."
        )
    return f"The bars were the same ({str(runs[0].bars_hash)[:8]})."


def _engine_words(runs: Sequence[ComparedRun]) -> str:
    unknown = [run.label for run in runs if not run.engine]
    if unknown:
        return f"Whether the engine was the same is not known: {_listed(unknown)} does not say."
    if len({run.engine for run in runs}) > 1:
        groups = _groups([(run.label, run.engine) for run in runs])
        return f"The engine or the strategy's source was NOT the same: {groups}."
    return f"The engine and the strategy's source were the same ({runs[0].engine})."


def _groups(pairs: Sequence[tuple[str, str]]) -> str:
    by_value: dict[str, list[str]] = {}
    for label, value in pairs:
        by_value.setdefault(value, []).append(label)
    return "; ".join(f"{_listed(labels)} {value[:24]}" for value, labels in by_value.items())


def _listed(labels: Sequence[str]) -> str:
    if len(labels) == 1:
        return labels[0]
    return f"{', '.join(labels[:-1])} and {labels[-1]}"
