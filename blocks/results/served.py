"""The files of kept results as a page of the API may show them: by a name that leads nowhere else.

A name comes from whoever asks. What begins with a dot is being written or is no result.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blocks.process.files.disk_errors import words_of
from trading.errors import NoData, StoreUnavailable

BACKTESTS, SWEEPS, WALKS = "backtests", "sweeps", "walks"
# Folders of the data folder that hold results, a folder a run.
KINDS = (BACKTESTS, SWEEPS, WALKS)
PAGES = ("report.html", "tear-sheet.html", "sweep.html", "walk_forward.html")
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
}
MOST_FILES = 1_000
# What the system says of a name that can be none of a file.
NO_PATH = (errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR)


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file of a result by its path from the result's own folder, with slashes."""

    name: str
    size_bytes: int


def find_result(data_dir: Path, kind: str, name: str) -> Path:
    """Return the file or folder that a name with slashes means below the folder of a kind.

    Raises NoData where there is none that may be shown, StoreUnavailable where it cannot be read.
    """
    parts = name.strip("/").split("/")
    absent = NoData(f"{kind}/{name} holds no result", f"See /{BACKTESTS}/ for what there is")
    if kind not in KINDS or any(_is_hidden(part) for part in parts):
        raise absent
    try:
        root = (data_dir / kind).resolve()
        found = root.joinpath(*parts).resolve()
        # A link may lead anywhere, or to itself, and a name with a zero in it is none.
        is_ours = found.is_relative_to(root) and found != root
        is_shown = is_ours and (found.is_dir() or _may_be_shown(found))
    except (ValueError, RuntimeError):
        raise absent from None
    except OSError as error:
        if error.errno in NO_PATH:
            raise absent from None
        raise _unreadable(f"{kind}/{name}", error) from error
    if not is_shown:
        raise absent
    return found


def files_in(folder: Path) -> list[ServedFile]:
    """Return what of a folder and those below it may be shown, pages first, a thousand at most.

    Raises StoreUnavailable.
    """
    try:
        found = []
        for path in _files_below(folder):
            found.append(ServedFile(path.relative_to(folder).as_posix(), path.stat().st_size))
            if len(found) == MOST_FILES:
                break
    except OSError as error:
        raise _unreadable(str(folder), error) from error
    return sorted(found, key=lambda file: (not file.name.endswith(".html"), file.name))


def names_in(data_dir: Path, kind: str) -> list[str]:
    """Return the names of the results of a kind, the newest first; none where nothing was kept."""
    folder = data_dir / kind
    try:
        kept = [path for path in folder.iterdir() if path.is_dir() and not _is_hidden(path.name)]
        return [path.name for path in sorted(kept, key=lambda path: -path.stat().st_mtime)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(str(folder), error) from error


def page_of(folder: Path) -> str | None:
    """Return the name of the page that shows a result whole, None where it has none."""
    return next((name for name in PAGES if (folder / name).is_file()), None)


def _files_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if _is_hidden(path.name) or path.is_symlink():
            continue
        if path.is_dir():
            yield from _files_below(path)
        elif _may_be_shown(path):
            yield path


def _may_be_shown(path: Path) -> bool:
    return path.suffix in MEDIA_TYPES and path.is_file()


def _is_hidden(part: str) -> bool:
    return not part or part.startswith(".")


def _unreadable(what: str, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(
        f"{what} cannot be read: {words_of(error)}",
        "Give the data folder to the user who runs Openbell",
    )
