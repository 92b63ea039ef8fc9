"""A backtest that was kept, as its folder tells it: its summary at once, its tables when asked."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from blocks.process.files.disk_errors import words_of
from blocks.research_report.comparison.run import SIMULATED
from blocks.results.folder import EQUITY, FILES, TRADES, hash_of_file
from blocks.results.kept_walk import WALK, summary_of_walk
from blocks.results.run_folder import SUMMARY
from blocks.results.served import BACKTESTS
from trading.backtest.performance import Json
from trading.errors import NoData, StoreUnavailable
from trading.near_names import nearest_of

# What a sweep leaves is many runs, and the folder of a run lies at most so deep in those given.
_SWEEP = "sweep.json"
_DEEPEST = 3
_LIST = "List runs with: openbell runs"


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
    path = _record_in(folder)
    if not folder.exists():
        raise NoData(f"{folder} is not there", _LIST)
    if not folder.is_dir():
        raise NoData(f"{folder} is a file, and a run is a folder", f"{_LIST}, and name a folder")
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


def run_named(name: str, data_dir: Path) -> KeptRun:
    """Return a run by its folder, else by its name among those of the data folder.

    Raises NoData or StoreUnavailable, with the name that was probably meant.
    """
    if not name.strip():
        raise NoData("a run's name is empty", _LIST)
    given, kept = Path(name).expanduser(), data_dir / BACKTESTS / name
    if _record_in(kept) is not None and _record_in(given) is None:
        return read_run(kept)
    if given.exists() or "/" in name:
        return read_run(given)
    if kept.exists():
        return read_run(kept)
    known = [run.name for run in runs_in([data_dir / BACKTESTS]) if isinstance(run, KeptRun)]
    near = nearest_of(name, known)
    meant = f"Did you mean {near}? " if near else ""
    raise NoData(
        f"{name} is neither a folder nor a run of {data_dir / BACKTESTS}", f"{meant}{_LIST}"
    )


def runs_in(folders: Iterable[Path]) -> list[KeptRun | StoreUnavailable]:
    """Return the runs in folders and below, the newest first, and why others cannot be read.

    A folder may be a run, hold runs, or hold folders of runs. Raises NoData for one that is not
    there, except where nothing was kept yet.
    """
    found: dict[Path, KeptRun] = {}
    wrong: dict[Path, StoreUnavailable] = {}
    for folder in folders:
        if not folder.exists() and folder.name == BACKTESTS:
            continue
        if not folder.is_dir():
            raise NoData(f"{folder} is no folder", "Name a run's folder, or one that holds runs")
        for place in _with_record(folder, _DEEPEST):
            try:
                found[place.resolve()] = read_run(place)
            except NoData:
                # Somebody has removed it since it was seen: it is no run any more.
                continue
            except OSError as error:
                wrong[place.resolve()] = _unreadable(place, error)
            except StoreUnavailable as error:
                wrong[place.resolve()] = error
    runs = sorted(found.values(), key=lambda run: (-run.written.timestamp(), run.name))
    return [*runs, *wrong.values()]


def _record_in(folder: Path) -> Path | None:
    paths = (folder / name for name in (SUMMARY, WALK))
    return next((path for path in paths if path.exists()), None)


def _with_record(folder: Path, deeper: int) -> Iterator[Path]:
    """Yield the folders of runs, and those of which nobody can tell: reading says what is wrong."""
    try:
        is_run = _record_in(folder) is not None
        # What is being written has such a name, until it is whole.
        below = [] if is_run else sorted(folder.glob("[!.]*/"))
    except OSError:
        is_run, below = True, []
    if is_run:
        yield folder
    elif deeper:
        for each in below:
            yield from _with_record(each, deeper - 1)


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
    below = [path.relative_to(folder) for path in _with_record(folder, _DEEPEST)]
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
    return NoData(f"{folder} holds no backtest: it has no {SUMMARY}", _LIST)


def _unreadable(folder: Path, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(f"{folder} cannot be read: {words_of(error)}", "Check its permissions")


def _damaged(path: Path, why: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"{path} cannot be read: {why}", "Run the backtest again into this folder"
    )
