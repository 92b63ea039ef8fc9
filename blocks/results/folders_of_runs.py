"""Which folders hold a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from blocks.results.kept_walk import WALK
from blocks.results.run_folder import SUMMARY

# The folder of a run lies at most so deep in those given.
_DEEPEST = 3


def record_in(folder: Path) -> Path | None:
    """Return the file that says what a folder's run was, None where it holds none."""
    paths = (folder / name for name in (SUMMARY, WALK))
    return next((path for path in paths if path.exists()), None)


def folders_of_runs(folder: Path) -> Iterator[Path]:
    """Yield the folders of runs, and those of which nobody can tell: reading says what is wrong."""
    yield from _with_record(folder, _DEEPEST)


def _with_record(folder: Path, deeper: int) -> Iterator[Path]:
    try:
        is_run = record_in(folder) is not None
        # What is being written has such a name, until it is whole.
        below = [] if is_run else sorted(folder.glob("[!.]*/"))
    except OSError:
        is_run, below = True, []
    if is_run:
        yield folder
    elif deeper:
        for each in below:
            yield from _with_record(each, deeper - 1)
