"""A backtest that was kept, as its folder tells it: its summary at once, its tables when asked."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from blocks.process.files.disk_errors import words_of
from blocks.research_report.comparison.run import SIMULATED
from blocks.results.folder import EQUITY, FILES, TRADES, hash_of_file
from blocks.results.folders_of_runs import folders_of_runs, record_in
from blocks.results.kept_walk import WALK, summary_of_walk
from blocks.results.run_folder import SUMMARY
from trading.backtest.performance import Json
from trading.errors import NoData, StoreUnavailable

# What a sweep leaves is many runs.
_SWEEP = "sweep.json"
HOW_TO_LIST = "List runs with: openbell runs"


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run's summary.json: what it was asked, what it came to, and the hashes of both.

    The joined run of a walk-forward test is one, too (`is_walk`), as far as its record tells it.
    `written` is when its summary was put there. `bars_hash`, `past_hash` and `parameters_hash`
    are None where a run has none, as older ones have not.
    """

    folder: Path
    written: datetime
    content: Mapping[str, Json]
    is_walk: bool = False

    @property
    def name(self) -> str:
        """Return the name of its folder."""
        return self.folder.resolve().name

    @property
    def engine(self) -> str:
        """Return the version of the package, with a hash of the sources that made the numbers."""
        return str(self.content.get("engine_version") or "")

    @property
    def source(self) -> str:
        """Return where its bars come from."""
        return str(self.content.get("source") or "")

    @property
    def plan(self) -> Mapping[str, Json]:
        """Return what it was asked to do, in groups."""
        return self._part("plan")

    @property
    def summary(self) -> Mapping[str, Json]:
        """Return its figures by their names."""
        return self._part("summary")

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of its figures must know."""
        noted = self.content.get("notes")
        return tuple(str(note) for note in noted) if isinstance(noted, list) else ()

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return what it traded, in order."""
        symbols = self.plan.get("symbols")
        return tuple(str(each) for each in symbols) if isinstance(symbols, list) else ()

    @property
    def strategy(self) -> str:
        """Return the name of its strategy, empty for a user's file that has none."""
        strategy = self.plan.get("strategy")
        return str(strategy.get("strategy") or "") if isinstance(strategy, dict) else ""

    @property
    def is_simulated(self) -> bool:
        """Return whether no market made its bars."""
        return self.source.startswith(SIMULATED)

    @property
    def kind(self) -> str:
        """Return its strategy, and what its figures are not to be taken for, a dash for neither."""
        marks = [("walk", self.is_walk), ("SIMULATED", self.is_simulated)]
        said = ", ".join(word for word, holds in marks if holds)
        return f"{self.strategy or '-'} ({said})" if said else self.strategy or "-"

    @property
    def first(self) -> date:
        """Return the first session that it traded."""
        return date.fromisoformat(str(self._part("sessions")["first"]))

    @property
    def last(self) -> date:
        """Return the last session that it traded."""
        return date.fromisoformat(str(self._part("sessions")["last"]))

    @property
    def capital(self) -> float | None:
        """Return what it began with, USD."""
        return self.figure("initial_equity")

    @property
    def bars_hash(self) -> str | None:
        """Return the hash of the bars that it traded."""
        return self._hash("bars")

    @property
    def past_hash(self) -> str | None:
        """Return the hash of the bars before those, which warmed it up."""
        return self._hash("past")

    @property
    def parameters_hash(self) -> str | None:
        """Return the hash of its parameters and its strategy, a sweep's `set_hash`."""
        return self._hash("parameters")

    def figure(self, name: str) -> float | None:
        """Return a figure of its summary, None for one that it has not."""
        value = self.summary.get(name)
        return float(value) if isinstance(value, int | float) else None

    def trades(self, columns: Sequence[str]) -> pl.DataFrame:
        """Return columns of its trades.

        Raises StoreUnavailable when they cannot be read or are not those of its summary.
        """
        return self._table(TRADES, columns)

    def equity(self, columns: Sequence[str]) -> pl.DataFrame:
        """Return columns of its equity by bar; raises StoreUnavailable as for trades."""
        return self._table(EQUITY, columns)

    def _part(self, name: str) -> Mapping[str, Json]:
        found = self.content.get(name)
        return found if isinstance(found, dict) else {}

    def _hash(self, name: str) -> str | None:
        found = self._part("hashes").get(name)
        return found if isinstance(found, str) else None

    def _table(self, name: str, columns: Sequence[str]) -> pl.DataFrame:
        path = self.folder / name
        try:
            if hash_of_file(path) != self._part("files").get(name):
                raise StoreUnavailable(
                    f"{path} was changed after its run, or belongs to another",
                    "Run the backtest again into this folder",
                )
            return pl.read_parquet(path, columns=list(columns))
        except (OSError, pl.exceptions.PolarsError) as error:
            raise StoreUnavailable(
                f"{path} cannot be read: {words_of(error)}",
                "Run the backtest again into this folder",
            ) from error


def read_run(folder: Path) -> KeptRun:
    """Return the run in a folder.

    Raises NoData where none is, and StoreUnavailable where one is half-written or damaged.
    """
    path = record_in(folder)
    if not folder.exists():
        raise NoData(f"{folder} is not there", HOW_TO_LIST)
    if not folder.is_dir():
        raise NoData(
            f"{folder} is a file, and a run is a folder", f"{HOW_TO_LIST}, and name a folder"
        )
    if path is None:
        raise _no_summary(folder)
    try:
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        content: Json = json.loads(
            path.read_bytes(), parse_constant=_refuse, parse_float=_finite, parse_int=_whole
        )
    # Python's reader gives up on what is nested deeper than it can go.
    except (OSError, ValueError, RecursionError) as error:
        said = words_of(error) if isinstance(error, OSError) else "it is no JSON"
        raise _damaged(path, said) from error
    if not isinstance(content, dict):
        raise _damaged(path, "it holds no summary")
    is_walk = path.name == WALK
    run = KeptRun(folder, written, summary_of_walk(content) if is_walk else content, is_walk)
    try:
        is_whole = bool(run.summary) and bool(run.plan) and run.first <= run.last
    except (KeyError, ValueError):
        is_whole = False
    if not is_whole:
        raise _damaged(path, "it lacks a backtest's plan, sessions or figures")
    return run


def _refuse(name: str) -> Json:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    """Return a number as it is written; one that no float can hold would be infinite."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no float")
    return number


def _whole(text: str) -> int:
    """Return a whole number that a float can hold, for figures are shown as floats."""
    _finite(text)
    return int(text)


def _no_summary(folder: Path) -> NoData | StoreUnavailable:
    if any((folder / name).exists() for name in FILES):
        return StoreUnavailable(
            f"{folder} is half a run: it has no {SUMMARY}",
            "Run the backtest again into this folder",
        )
    below = [path.relative_to(folder) for path in folders_of_runs(folder)]
    if (folder / _SWEEP).exists():
        return NoData(
            f"{folder} is a sweep, and no single run",
            f"Name {folder / 'sets'}/HASH, a set's folder, which is written by:"
            f" openbell sweep --out {shlex.quote(str(folder))} --trades HASH",
        )
    if below:
        return NoData(
            f"{folder} is no run, but holds {len(below)}",
            f"Name one of them, such as {folder / below[0]}",
        )
    return NoData(f"{folder} holds no backtest: it has no {SUMMARY}", HOW_TO_LIST)


def _damaged(path: Path, why: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"{path} cannot be read: {why}", "Run the backtest again into this folder"
    )
