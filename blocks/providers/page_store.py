"""Pages of an answer in many pages, kept until its bars are stored: none is asked for twice.

Each page is a file of its own with the token of the next, so that whoever is killed between two
pages goes on with the second. A page that is torn counts as not there, and so do those after it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blocks.process.files.disk_errors import words_of
from trading.errors import StoreUnavailable
from trading.market.bars import NUMBERS, BarRows

# Nobody goes on with what is older: the answer would be another one.
KEPT_SECONDS = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page, when it came (microseconds since 1970 UTC), and the token of the next."""

    rows: BarRows
    fetched_us: int
    next_token: str | None


class KeptPages:
    """The pages of one question, in the order of coming; without a folder they are not kept."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.pages: list[Page] = []
        while folder is not None and (page := _read(self._file(len(self.pages)))) is not None:
            self.pages.append(page)

    def add(self, page: Page) -> None:
        """Keep a page, whole or not at all. Raises StoreUnavailable."""
        if self.folder is not None:
            _write(self._file(len(self.pages)), page)
        self.pages.append(page)

    def _file(self, number: int) -> Path:
        assert self.folder is not None
        return self.folder / f"{number:06d}.npz"


class PageStore:
    """Folders of pages, one a question, under one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        _drop_forgotten(folder)

    def of(self, question: Mapping[str, object]) -> KeptPages:
        """Return what is kept of a question, which is told from others by all of its words."""
        words = json.dumps(question, sort_keys=True).encode()
        return KeptPages(self._folder / hashlib.sha256(words).hexdigest()[:24])


def drop_pages(folders: tuple[Path, ...]) -> None:
    """Forget pages whose bars are stored."""
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.parent.rmdir()
        except OSError:
            # Another question's are there.
            continue


def _drop_forgotten(folder: Path) -> None:
    if not folder.is_dir():
        return
    for each in folder.iterdir():
        try:
            is_old = each.stat().st_mtime < time.time() - KEPT_SECONDS
        except FileNotFoundError:
            continue
        if is_old:
            shutil.rmtree(each, ignore_errors=True)


def _read(file: Path) -> Page | None:
    try:
        with np.load(file, allow_pickle=False) as kept:
            rows = BarRows(kept["symbol"], kept["start_us"], *(kept[name] for name in NUMBERS))
            token = str(kept["token"])
            return Page(rows, int(kept["fetched_us"]), token or None)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _write(file: Path, page: Page) -> None:
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    rows = page.rows
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as stream:
            np.savez(
                stream, allow_pickle=False, symbol=rows.symbol, start_us=rows.start_us,
                open=rows.open, high=rows.high, low=rows.low, close=rows.close,
                volume=rows.volume, fetched_us=np.int64(page.fetched_us),
                token=np.str_(page.next_token or ""),
            )  # fmt: skip
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, file)
    except OSError as error:
        raise StoreUnavailable(
            f"{file} cannot be written: {words_of(error)}",
            "Check the folder's permissions and free disk space; what came is kept",
        ) from error
    finally:
        partial.unlink(missing_ok=True)
