"""Kept runs, found by their names or in folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from blocks.process.files.disk_errors import words_of
from blocks.results.folders_of_runs import folders_of_runs, record_in
from blocks.results.kept_run import HOW_TO_LIST, KeptRun, read_run
from blocks.results.served import BACKTESTS
from trading.errors import NoData, StoreUnavailable
from trading.near_names import nearest_of


def run_named(name: str, data_dir: Path) -> KeptRun:
    """Return a run by its folder, else by its name among those of the data folder.

    Raises NoData or StoreUnavailable, with the name that was probably meant.
    """
    if not name.strip():
        raise NoData("a run's name is empty", HOW_TO_LIST)
    given, kept = Path(name).expanduser(), data_dir / BACKTESTS / name
    if record_in(kept) is not None and record_in(given) is None:
        return read_run(kept)
    if given.exists() or "/" in name:
        return read_run(given)
    if kept.exists():
        return read_run(kept)
    known = [run.name for run in runs_in([data_dir / BACKTESTS]) if isinstance(run, KeptRun)]
    near = nearest_of(name, known)
    meant = f"Did you mean {near}? " if near else ""
    raise NoData(
        f"{name} is neither a folder nor a run of {data_dir / BACKTESTS}", f"{meant}{HOW_TO_LIST}"
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
        for place in folders_of_runs(folder):
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


def _unreadable(folder: Path, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(f"{folder} cannot be read: {words_of(error)}", "Check its permissions")
