"""The files behind a path: itself, those of a folder, those packed into a .zip, and the others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blocks.bars.sources.packed import members_of
from blocks.bars.sources.paths import (
    SUFFIXES,
    TEXT_SUFFIXES,
    BarPath,
    holds_numbers,
    stem_of,
    suffix_of,
    unreadable,
)
from blocks.process.files.disk_errors import refuse_odd_name
from trading.errors import BadInput


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A bar file and the folders in which it lies below the path, a .zip counting as one."""

    path: BarPath
    folders: tuple[str, ...]

    @property
    def stem(self) -> str:
        """Return the file's name without its suffix, `.csv.gz` as a whole."""
        return stem_of(self.path)

    @property
    def name(self) -> str:
        """Return the file's name with its folders, for a message."""
        return "/".join((*self.folders, self.path.name))


@dataclass(frozen=True, slots=True)
class Found:
    """The bar files of a path, in order of their names, and the names of what is not read."""

    files: tuple[SourceFile, ...]
    left_out: tuple[str, ...]

    def note(self, path: Path) -> tuple[str, ...]:
        """Return the sentence that names what is not read, if there is anything."""
        if not self.left_out:
            return ()
        count = len(self.left_out)
        more = f" and {count - 5} more" if count > 5 else ""
        return (
            f"WARNING: {count} {'file' if count == 1 else 'files'} in {path} cannot be read as bars"
            f" and {'is' if count == 1 else 'are'} left out: {', '.join(self.left_out[:5])}{more}",
        )


def size_of(path: Path) -> int:
    """Return the bytes of the bar files at a path, 0 where there are none."""
    try:
        return sum(file.stat().st_size for file in find_files(path))
    except (BadInput, OSError):
        return 0


def find_files(path: Path) -> list[Path]:
    """Return the files on disk that a path's bars lie in: itself, or all below it by their names.

    Hidden files and those whose name begins with an underscore are left out. Raises BadInput
    when the path does not exist, may not be read, is no bar file, or holds none.
    """
    return files_on_disk(path)[0]


def files_on_disk(path: Path) -> tuple[list[Path], list[Path]]:
    """Return what find_files does, and beside it the files that are not read."""
    try:
        is_folder = path.is_dir()
        path.stat()
    except FileNotFoundError as error:
        raise BadInput(f"{path} does not exist", "Check the path") from error
    except OSError as error:
        raise unreadable(path, error) from error
    if not is_folder:
        if not suffix_of(path):
            raise BadInput(
                f"{path} is no bar file by its name",
                f"Use a file that ends in {', '.join(SUFFIXES)}, or a folder of them",
            )
        refuse_odd_name(path)
        return [path], []
    found: list[Path] = []
    left_out: list[Path] = []
    try:
        for file in _walk(path):
            suffix = suffix_of(file)
            is_plain_text = suffix.startswith((".txt", ".tsv"))
            has_bars = bool(suffix) and (not is_plain_text or holds_numbers(file))
            (found if has_bars else left_out).append(file)
    except OSError as error:
        raise unreadable(path, error) from error
    for file in found:
        refuse_odd_name(file)
    if not found:
        raise _no_bars(path, [_within(path, file) for file in left_out])
    return found, left_out


def bar_files(path: Path) -> Found:
    """Return the bar files at a path, those packed into a .zip among them.

    Raises BadInput as find_files does, and for a .zip that cannot be unpacked.
    """
    on_disk, left_out = files_on_disk(path)
    root = path if path.is_dir() else path.parent
    files: list[SourceFile] = []
    others = [_within(root, file) for file in left_out]
    for file in on_disk:
        folders = file.relative_to(root).parts[:-1]
        if suffix_of(file) != ".zip":
            files.append(SourceFile(file, folders))
            continue
        packed, passed_over = members_of(file)
        if not packed:
            # Of a .zip without bars among other files its name is enough.
            inside = [f"{_within(root, file)}/{name}" for name in passed_over]
            others += inside if file == path and inside else [_within(root, file)]
            continue
        within = (*folders, stem_of(file))
        files += [SourceFile(member, (*within, *member.at.split("/")[:-1])) for member in packed]
        others += [f"{_within(root, file)}/{name}" for name in passed_over]
    if not files:
        raise _no_bars(path, others)
    return Found(tuple(files), tuple(sorted(others)))


def _no_bars(path: Path, others: list[str]) -> BadInput:
    shown = f"; it has {', '.join(others[:5])}" if others else ""
    packed = [name for name in others if name.lower().endswith(".zip") and "/" in name]
    hint = "Unpack it" if packed else f"Put files there that end in {', '.join(SUFFIXES)}"
    texts = [name for name in others if name.lower().endswith(TEXT_SUFFIXES)]
    if texts and path.is_dir():
        shown += ", without a row of numbers"
        hint += f", or name one itself: --bars {path / texts[0]}"
    return BadInput(f"{path} holds no bar files{shown}", hint)


def _within(root: Path, file: Path) -> str:
    # A name that is no UTF-8 cannot be printed as it is.
    return os.fsencode(file.relative_to(root)).decode("utf-8", "backslashreplace")


def _walk(folder: Path) -> Iterator[Path]:
    # os.scandir rather than rglob: rglob passes over folders that may not be read.
    with os.scandir(folder) as scan:
        entries = sorted(scan, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_dir():
            yield from _walk(Path(entry.path))
        else:
            yield Path(entry.path)
