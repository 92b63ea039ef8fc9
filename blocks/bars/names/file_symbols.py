"""Which symbol a file holds by its name and its folders, where no column says it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from blocks.bars.columns import names_symbol
from blocks.bars.names.asked import is_run_of, pieces_of
from blocks.bars.names.part_numbers import stems_of
from blocks.bars.names.words import (
    NameWords,
    has_word,
    holds_ticker,
    is_partition,
    words_of_folders,
    words_of_name,
)
from blocks.bars.sources.found import SourceFile
from trading.counted import counted
from trading.errors import BadInput
from trading.market.symbols import symbol_key

_LEAST_TO_JOIN = 2
_OTHERWISE = "--symbol NAME calls all rows otherwise"
_BECAUSE = {
    "asked": ", the one symbol asked for, as its name tells no other",
    "word": ", which is a word of its name",
    "date": ", though its name looks like a date",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A file's symbol, None where its name tells none, and why it is that.

    Files of one symbol are parts of it when their `others`, words that are no part of it and no
    date, are the same, and their `parts` are not.
    """

    symbol: str | None
    why: str
    others: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    is_guess: bool = False


@dataclass(frozen=True, slots=True)
class _Claim:
    """The files that are parts of one symbol, by what their names say of the part."""

    named: Named
    files: dict[tuple[str, ...], SourceFile] = field(default_factory=dict)


class FileSymbols:
    """The symbols of a path's files by their names; `asked` are those that the user wants.

    `told` is the symbol that he says all rows are of.
    """

    def __init__(
        self, root: Path, files: Sequence[SourceFile], asked: Sequence[str], told: str | None
    ) -> None:
        self._root = root
        self._asked = tuple(asked)
        self._told = told
        self._is_one = len(files) == 1 and not files[0].folders
        self._stems = stems_of(files)
        self._claims: dict[str, _Claim] = {}
        named = [self._by_name(file) for file in files]
        there = {symbol_key(found.symbol) for found in named if found.symbol}
        absent = [symbol for symbol in self._asked if symbol_key(symbol) not in there]
        if absent and told is None:
            named = [
                self._by_asking(file, found, absent)
                for file, found in zip(files, named, strict=True)
            ]
        self._named = dict(zip(files, named, strict=True))
        self._common_notes = (
            *_note_of_parts(joined := _joined(self._named)),
            *_notes_of_guesses(self._named, joined),
        )

    def symbol_of(self, file: SourceFile) -> tuple[str, tuple[str, ...]]:
        """Return a file's symbol, and notes on what was guessed.

        Raises BadInput when its name tells none, and when another file claims the same.
        """
        named = self._named[file]
        if named.symbol is None:
            raise _nameless(file, named)
        if named.why == "told":
            return named.symbol, ()
        if named.why != "folder's key":
            self._claim(file, named)
        source = named.why if named.why == "file's name" else "folder's name"
        if named.why in ("word", "asked"):
            source = "file's name"
        return named.symbol, (
            f"there is no symbol column: the {source} gives the symbol",
            *self._common_notes,
        )

    def _by_name(self, file: SourceFile) -> Named:
        if self._told is not None:
            return Named(self._told, "told")
        for folder in file.folders:
            key, equals, value = folder.partition("=")
            if equals and value and names_symbol(key):
                return Named(value, "folder's key")
        exact = self._exact(file.stem)
        if exact is not None:
            return Named(exact, "file's name", is_guess=exact != file.stem)
        stem = self._stems[file]
        folders = words_of_folders(file.folders)
        parts = (*stem.parts, *(part for folder in folders for part in folder.parts))
        rests = tuple(folder.rest for folder in folders)
        telling = [folder for folder in folders if not folder.is_generic]
        by_stem = Named(stem.rest, "file's name", rests, parts, is_guess=stem.rest != file.stem)
        if telling:
            is_ticker = stem.is_symbol_like and any(map(str.isalpha, stem.rest))
            # Programs that cut a table into parts call the files in them as they like.
            is_program = any(map(is_partition, file.folders)) and not is_ticker
            others = rests if is_program else (*rests, stem.rest)
            by_folder = Named(telling[-1].rest, "folder's name", others, parts, is_guess=True)
            if is_program:
                return by_folder
            return self._of_two(file, by_stem, by_folder, telling[-1])
        return self._of_root(file, parts, rests) if stem.is_generic else by_stem

    def _exact(self, stem: str) -> str | None:
        """Return the symbol asked for that a file's whole name is."""
        for symbol in self._asked:
            if symbol_key(stem).upper() == symbol_key(symbol).upper():
                return symbol
        pieces = pieces_of(stem)
        return stem if len(pieces) > 1 and is_run_of(pieces, self._asked) else None

    def _of_two(
        self, file: SourceFile, by_stem: Named, by_folder: Named, folder: NameWords
    ) -> Named:
        """Return the symbol of a file in a folder whose name could be a symbol too."""
        stem = self._stems[file]
        if stem.is_generic:
            return by_folder
        if symbol_key(stem.rest) == symbol_key(folder.rest):
            return by_stem
        wanted = {symbol_key(symbol) for symbol in self._asked}
        for named in (by_stem, by_folder):
            if symbol_key(named.symbol or "") in wanted:
                return replace(named, is_guess=True)
        is_packed = not isinstance(file.path, Path) and len(file.folders) == 1
        if is_packed or (stem.is_symbol_like and not folder.is_symbol_like):
            return replace(by_stem, is_guess=True)
        if folder.is_symbol_like and not stem.is_symbol_like:
            return by_folder
        return Named(None, "two", by_folder.others, by_folder.parts)

    def _of_root(self, file: SourceFile, parts: tuple[str, ...], rests: tuple[str, ...]) -> Named:
        """Return the symbol of a file whose own name and folders tell none."""
        others = (*rests, self._stems[file].rest)
        root = words_of_name(self._root.name)
        if root.is_symbol_like and self._root.is_dir():
            return Named(root.rest, "folder's name", others, parts, is_guess=True)
        if self._is_one or not (parts or file.folders):
            return Named(file.stem, "file's name", (), parts, is_guess=bool(parts))
        return Named(None, "dates" if parts else "two", others, parts)

    def _by_asking(self, file: SourceFile, named: Named, absent: Sequence[str]) -> Named:
        """Return the symbol asked for that a name holds, or the only one where it holds none."""
        stem = self._stems[file]
        others = (*named.others, stem.rest)
        names = (file.stem, *file.folders)
        found = [symbol for symbol in absent if any(has_word(name, symbol) for name in names)]
        if len(found) == 1:
            return Named(found[0], "word", others, named.parts, is_guess=True)
        tells_none = named.symbol is None or stem.is_generic
        tells_none = tells_none or (self._is_one and not holds_ticker(file.stem))
        if len(self._asked) == 1 and tells_none and named.why != "folder's name":
            return Named(self._asked[0], "asked", others, named.parts, is_guess=True)
        return named

    def _claim(self, file: SourceFile, named: Named) -> None:
        claim = self._claims.setdefault(symbol_key(named.symbol or ""), _Claim(named))
        earlier = claim.files.get(named.parts)
        if earlier is None and claim.files and claim.named.others != named.others:
            earlier = next(iter(claim.files.values()))
        if earlier is not None:
            raise BadInput(
                f"{earlier.path} and {file.path} both claim to be {named.symbol}",
                "Remove one of the two, or give one of them alone with --bars",
            )
        claim.files[named.parts] = file


def _joined(named: dict[SourceFile, Named]) -> dict[str, list[SourceFile]]:
    """Return the files of each symbol that several are read as parts of."""
    files: dict[str, list[SourceFile]] = defaultdict(list)
    for file, found in named.items():
        if found.symbol is not None and found.why not in ("told", "folder's key"):
            files[found.symbol].append(file)
    return {symbol: of for symbol, of in files.items() if len(of) >= _LEAST_TO_JOIN}


def _note_of_parts(joined: dict[str, list[SourceFile]]) -> tuple[str, ...]:
    if not joined:
        return ()
    symbol, files = next(iter(joined.items()))
    more = f", and so {counted(len(joined) - 1, 'more symbol')}" if len(joined) > 1 else ""
    return (
        f"names look like parts of one symbol: {symbol} is read from {len(files)} files, such as"
        f" {files[0].name} and {files[1].name}{more}; --symbol NAME calls it otherwise, and files"
        " asked for by their whole names with --symbols are kept apart",
    )


def _notes_of_guesses(
    named: dict[SourceFile, Named], joined: dict[str, list[SourceFile]]
) -> Iterator[str]:
    """Yield a sentence on each kind of guess, with the first file of which it was made."""
    guesses: dict[str, list[tuple[SourceFile, Named]]] = defaultdict(list)
    for file, found in named.items():
        if found.is_guess and found.symbol and found.symbol not in joined:
            is_date = found.symbol == file.stem and bool(found.parts)
            guesses["date" if is_date else found.why].append((file, found))
    for why, of in guesses.items():
        file, found = of[0]
        more = f", and so {counted(len(of) - 1, 'more file')}" if len(of) > 1 else ""
        yield f"{file.name} is read as {found.symbol}{_BECAUSE.get(why, '')}{more}; {_OTHERWISE}"


def _nameless(file: SourceFile, named: Named) -> BadInput:
    if named.why == "dates":
        return BadInput(
            f"{file.path} has no symbol column, and names of files look like dates or parts and not"
            " like symbols",
            "Say which symbol all of them are with --symbol NAME, or put them into a folder that is"
            " called like the symbol",
        )
    return BadInput(
        f"{file.path} has no symbol column, and its name and its folder's leave open which symbol"
        " it is",
        "Name the column with --column symbol=NAME, or say which symbol all files are with"
        " --symbol NAME",
    )
