"""The folder of one sweep, or of what is like one: whose it is, and that nobody else writes."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from blocks.process.files.disk_errors import words_of
from blocks.results.folder import check_folder
from blocks.stores.whole_file import write_whole
from tasks.sweep.chunk_files import FOLDER, SUFFIX
from trading.backtest.performance import Json
from trading.errors import BadInput, StoreUnavailable

RESULTS = "results.parquet"
RECORD = "sweep.json"
STATISTICS = "statistics.json"
PAGE = "sweep.html"
# The bars as other processes map them, and sets that were asked for one by one.
BARS, SETS = "bars", "sets"
_REQUEST = "request.json"
_LOCK = "lock"
_NEW = "Give another folder to --out"
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class FolderKind:
    """What is kept in a folder: its name, where its finished parts lie, and the file that is last.

    `suffix` is that of the parts.
    """

    word: str
    parts: str
    suffix: str
    record: str

    def has_parts(self, out: Path) -> bool:
        """Return whether any part is kept."""
        return next((out / self.parts).glob(f"*{self.suffix}"), None) is not None


OF_SWEEP = FolderKind("sweep", FOLDER, SUFFIX, RECORD)


@contextmanager
def own_folder(out: Path, asked: Mapping[str, Json], kind: FolderKind = OF_SWEEP) -> Iterator[None]:
    """Hold a folder for what is asked for, made if need be, until the context ends.

    What was broken off, or is done, is gone on with by the same request. Raises BadInput for a
    folder that holds anything else and for one to which another process writes now, and
    StoreUnavailable when it cannot be written to.
    """
    check_folder(out)
    _refuse_others(out, asked, kind)
    chunks = out / kind.parts
    is_new = not out.exists()
    try:
        chunks.mkdir(parents=True, exist_ok=True)
        lock = os.open(chunks / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise StoreUnavailable(
            f"results cannot be written to {out}: {words_of(error)}",
            "Give a folder that can be written, with room on its disk, to --out",
        ) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInput(
                f"another {kind.word} is writing to {out} now", f"Wait until it is done. {_NEW}"
            ) from error
        # Whoever had it may have made it another's before he let go of it.
        _refuse_others(out, asked, kind)
        try:
            if not (chunks / _REQUEST).exists():
                write_whole(chunks / _REQUEST, _text(asked), private=False)
            yield
        finally:
            _give_back(out, kind, is_new=is_new)
    finally:
        os.close(lock)


def _refuse_others(out: Path, asked: Mapping[str, Json], kind: FolderKind) -> None:
    if not out.exists():
        return
    earlier = _earlier(out / kind.parts / _REQUEST, kind)
    if earlier is None:
        others = sorted(each.name for each in out.iterdir() if each.name != kind.parts)
        if others:
            raise BadInput(f"{out} holds something else: {', '.join(others[:5])}", _NEW)
    elif earlier != json.loads(_text(asked)):
        raise BadInput(f"{out} holds another {kind.word}: {_difference(earlier, asked)}", _NEW)


def _earlier(request: Path, kind: FolderKind) -> object:
    """Return what the work in a folder was asked for, None where there is none."""
    try:
        return json.loads(request.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{request} cannot be read, so whose {kind.word} this is cannot be told", _NEW
        ) from error


def _difference(earlier: object, asked: Mapping[str, Json]) -> str:
    if not isinstance(earlier, dict):
        return "its request is no JSON of ours"
    names = [*asked, *(name for name in earlier if name not in asked)]
    said = json.loads(_text(asked))
    name = next(name for name in names if earlier.get(name) != said.get(name))
    return f"its {name} is {_short(earlier.get(name))}, and here it is {_short(said.get(name))}"


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _text(asked: Mapping[str, Json]) -> bytes:
    return (json.dumps(asked, indent=2) + "\n").encode()


def _give_back(out: Path, kind: FolderKind, *, is_new: bool) -> None:
    """Remove what was made for work of which no part was finished."""
    chunks = out / kind.parts
    if (out / kind.record).exists() or kind.has_parts(out):
        return
    # Somebody else may have put something there meanwhile; then it stays.
    with suppress(OSError):
        for name in (_REQUEST, _LOCK):
            (chunks / name).unlink(missing_ok=True)
        chunks.rmdir()
        if is_new:
            out.rmdir()


def forget_other_chunks(out: Path, hashes: set[str]) -> None:
    """Remove chunks of other bars, another engine or another strategy than the sweep now has."""
    for path in (out / FOLDER).glob(f"*{SUFFIX}"):
        if path.stem not in hashes:
            with suppress(OSError):
                path.unlink()
