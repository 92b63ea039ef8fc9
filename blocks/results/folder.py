"""The folder of a run's results: written whole or not at all, and read back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from blocks.process.files.disk_errors import words_of
from blocks.results.run_folder import SUMMARY, UNIVERSE
from blocks.results.table_parts import write_parts
from blocks.stores.whole_file import sync_to_disk, umask
from trading.backtest.performance import Json
from trading.errors import BadInput, NoData, StoreUnavailable

TRADES = "trades.parquet"
DECISIONS = "decisions.parquet"
EQUITY = "equity.parquet"
TRADES_CSV = "trades.csv"
# The summary goes last: it carries the hashes of the others.
FILES = (TRADES, DECISIONS, EQUITY, TRADES_CSV, SUMMARY)
# Written when the run has one, and removed with the rest of an earlier run when it has none.
REPORT = "report.html"
ANALYSIS = "analysis.json"
TRADE_DETAILS = "trade_details.parquet"
TEAR_SHEET = "tear-sheet.html"
_OPTIONAL = (REPORT, UNIVERSE, ANALYSIS, TRADE_DETAILS, TEAR_SHEET)
_POSSIBLE = (*_OPTIONAL, *FILES)

# Packing harder takes longer and saves little.
_LEVEL = 1
_CSV_TIME = "%Y-%m-%dT%H:%M:%S%:z"
_HINT = "Give a folder that can be written, with room on its disk, to --out"


@dataclass(frozen=True, slots=True)
class Results:
    """What a run leaves: tables of `trading.backtest.tables`, a summary for JSON, a report.

    `decisions` are parts of one table, at least one, that may be made while they are written.
    `report` is a page of HTML, or draws one while the tables are being packed; None when none
    was wanted. `universe` is what was judged of each symbol where sessions select theirs.
    `analysis` are the figures beyond the summary, `trade_details` those of single trades, and
    `tear_sheet` another page of HTML; None where there is none.
    """

    trades: pl.DataFrame
    decisions: Iterable[pl.DataFrame]
    equity: pl.DataFrame
    summary: dict[str, Json]
    report: bytes | Callable[[], bytes] | None = None
    universe: pl.DataFrame | None = None
    analysis: dict[str, Json] | None = None
    trade_details: pl.DataFrame | None = None
    tear_sheet: bytes | None = None


def check_folder(folder: Path) -> None:
    """Raise BadInput now when results could not be written to the folder later.

    Nothing is created; a folder that does not exist yet is judged by the nearest above it.
    """
    nearest = _nearest_existing(folder)
    if not nearest.is_dir():
        raise BadInput(f"{nearest} is a file, so results cannot go to {folder}", _HINT)
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise BadInput(f"{nearest} may not be written, so results cannot go to {folder}", _HINT)
    for name in _POSSIBLE:
        if (folder / name).is_dir():
            raise BadInput(f"{folder / name} is a folder, and a result has that name", _HINT)


def write_results(folder: Path, results: Results) -> None:
    """Write the files of a run into a folder, replacing those of an earlier run.

    All are complete and on the disk under another name before the first is moved into place; if
    a move fails the earlier files are put back. Other files in the folder are not touched.
    Raises BadInput when the folder cannot be one, StoreUnavailable when writing fails.
    """
    check_folder(folder)
    new = not folder.exists()
    made: list[Path] = []
    # A folder that exists may be a mount, and files move into a mount only from inside it.
    home = folder.parent if new else folder
    with _writing(folder):
        try:
            made = _make_parents(home)
            partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.partial-", dir=home))
            try:
                _write_all(partial, results)
                if new:
                    partial.chmod(0o777 & ~umask())
                    partial.rename(folder)
                else:
                    _move_into(partial, folder)
            finally:
                _remove(partial)
            sync_to_disk(home)
        except BaseException:
            for parent in made:
                _remove_if_empty(parent)
            raise


def read_results(folder: Path) -> Results:
    """Return the results in a folder.

    Raises NoData when there are none, StoreUnavailable when files are damaged or of two runs.
    """
    if not (folder / SUMMARY).is_file():
        raise NoData(f"{folder} holds no results", f"Write some with: backtest --out {folder}")
    try:
        summary: Json = json.loads((folder / SUMMARY).read_bytes())
        found = {
            name: hash_of_file(folder / name)
            for name in _POSSIBLE
            if name != SUMMARY and (name not in _OPTIONAL or (folder / name).exists())
        }
        if not isinstance(summary, dict) or summary.pop("files", None) != found:
            raise StoreUnavailable(
                f"the files in {folder} were changed or belong to different runs",
                "Run the backtest again into this folder",
            )
        trades, decisions, equity = (
            pl.read_parquet(folder / name) for name in (TRADES, DECISIONS, EQUITY)
        )
        report = (folder / REPORT).read_bytes() if REPORT in found else None
        universe, details = (
            pl.read_parquet(folder / name) if name in found else None
            for name in (UNIVERSE, TRADE_DETAILS)
        )
        analysis = json.loads((folder / ANALYSIS).read_bytes()) if ANALYSIS in found else None
        sheet = (folder / TEAR_SHEET).read_bytes() if TEAR_SHEET in found else None
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise StoreUnavailable(
            f"results in {folder} cannot be read: {words_of(error)}",
            "Run the backtest again into this folder",
        ) from error
    return Results(
        trades, (decisions,), equity, summary, report, universe, analysis, details, sheet
    )


def _write_all(partial: Path, results: Results) -> None:
    writers: dict[str, Callable[[Path], object]] = {
        DECISIONS: lambda path: write_parts(path, results.decisions),
        TRADES: lambda path: results.trades.write_parquet(path, compression_level=_LEVEL),
        EQUITY: lambda path: results.equity.write_parquet(path, compression_level=_LEVEL),
        TRADES_CSV: lambda path: results.trades.write_csv(path, datetime_format=_CSV_TIME),
    }
    report, universe = results.report, results.universe
    if universe is not None:
        writers[UNIVERSE] = lambda path: universe.write_parquet(path, compression_level=_LEVEL)
    details, sheet = results.trade_details, results.tear_sheet
    if details is not None:
        writers[TRADE_DETAILS] = lambda path: details.write_parquet(path, compression_level=_LEVEL)
    if results.analysis is not None:
        analysis = json.dumps(results.analysis, indent=2, allow_nan=False) + "\n"
        writers[ANALYSIS] = lambda path: path.write_text(analysis, encoding="utf-8")
    if sheet is not None:
        writers[TEAR_SHEET] = lambda path: path.write_bytes(sheet)
    if report is not None:
        writers[REPORT] = lambda path: path.write_bytes(report() if callable(report) else report)

    def written(name: str) -> str:
        writers[name](partial / name)
        sync_to_disk(partial / name)
        return hash_of_file(partial / name)

    # Packing, hashing and waiting for the disk go on side by side.
    with ThreadPoolExecutor(len(writers)) as pool:
        hashes: dict[str, Json] = dict(zip(writers, pool.map(written, writers), strict=True))
    text = json.dumps({**results.summary, "files": hashes}, indent=2, allow_nan=False)
    (partial / SUMMARY).write_text(text + "\n", encoding="utf-8")
    sync_to_disk(partial / SUMMARY)
    sync_to_disk(partial)


def _move_into(partial: Path, folder: Path) -> None:
    kept = partial / "earlier"
    kept.mkdir()
    moved: list[str] = []
    try:
        for name in _POSSIBLE:
            if (folder / name).exists():
                (folder / name).rename(kept / name)
            moved.append(name)
            if name not in _OPTIONAL or (partial / name).exists():
                (partial / name).rename(folder / name)
    except BaseException:
        for name in moved:
            (folder / name).unlink(missing_ok=True)
            if (kept / name).exists():
                (kept / name).rename(folder / name)
        raise
    sync_to_disk(folder)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreUnavailable(
            f"results cannot be written to {folder}: {words_of(error)}", _HINT
        ) from error


def _nearest_existing(folder: Path) -> Path:
    for path in (folder, *folder.absolute().parents):
        if os.path.lexists(path):
            return path
    return Path("/")


def _make_parents(home: Path) -> list[Path]:
    """Make a folder and those above it; return those that were made, the innermost first."""
    missing = [path for path in (home, *home.parents) if not path.exists()]
    home.mkdir(parents=True, exist_ok=True)
    return missing


def _remove(folder: Path) -> None:
    # A signal can leave one of the writers at work: each may put one file more into the folder
    # while that is emptied, and none once it is gone.
    for _ in range(len(_POSSIBLE) + 1):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        # Somebody else has put something there meanwhile, or it was never made.
        return


def hash_of_file(path: Path) -> str:
    """Return the sha256 of a file, by which a summary knows the tables beside it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
