"""The symbols that a user asks for, and the names by which a source has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from trading.errors import BadInput
from trading.market.symbols import symbol_forms, symbol_key, written_symbols


@dataclass(frozen=True, slots=True)
class Asked:
    """Symbols asked for, in order; a source may have each in another form, such as BRK-B."""

    symbols: tuple[str, ...]

    @property
    def forms(self) -> frozenset[str]:
        """Return the usual ways of writing them, of which a source is most likely to have one."""
        return frozenset(form for symbol in self.symbols for form in symbol_forms(symbol))

    def has(self, name: str) -> bool:
        """Return whether a source's name is one of them, or several that a comma has parted."""
        keys = {symbol_key(symbol) for symbol in self.symbols}
        return symbol_key(name) in keys or is_run_of(pieces_of(name), self.symbols)

    def called(self, present: AbstractSet[str]) -> tuple[str, ...]:
        """Return the symbols as the source is to be told: a name with commas is one."""
        symbols = self.symbols
        for name in present:
            pieces = pieces_of(name)
            if len(pieces) > 1 and is_run_of(pieces, symbols):
                at = next(i for i in range(len(symbols)) if symbols[i : i + len(pieces)] == pieces)
                symbols = (*symbols[:at], name, *symbols[at + len(pieces) :])
        return symbols

    def absent(self, there: AbstractSet[str]) -> list[str]:
        """Return those that a source does not have."""
        keys = {symbol_key(name) for name in there}
        return [symbol for symbol in self.called(there) if symbol_key(symbol) not in keys]

    def refuse_absent(self, there: AbstractSet[str], path: Path) -> None:
        """Raise BadInput for symbols that the names in a source do not have among them."""
        absent = self.absent(there)
        if not absent:
            # Present in the file, though not between the dates.
            return
        names = one_name_each(there)
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        hint = f"It has {written_symbols(names[:10])}{more}"
        if len(self.symbols) == len(names) == 1:
            hint += f"; if that is another name of {absent[0]}, pass --symbol {absent[0]}"
        raise BadInput(f"{path} has no rows of {written_symbols(absent)}", hint)


def asked_for(symbols: Sequence[str] | None, told: str | None) -> Asked | None:
    """Return the symbols asked for, each once, or the one that all rows are `told` to be of.

    Raises BadInput for none, and for others than the one that is told.
    """
    if symbols is None:
        return None if told is None else Asked((told,))
    wanted: dict[str, str] = {}
    for symbol in symbols:
        wanted.setdefault(symbol_key(symbol), symbol)
    if not wanted:
        raise BadInput("no symbol was asked for", "Name at least one symbol, or none for all")
    if told is not None and list(wanted) != [symbol_key(told)]:
        raise BadInput(
            f"all rows are of {told} as told, and {written_symbols(wanted.values())} is asked for",
            "Give the same name to --symbol and --symbols, or leave --symbols out",
        )
    return Asked(tuple(wanted.values()))


def one_name_each(names: Iterable[str]) -> tuple[str, ...]:
    """Return the symbols, sorted, each by one name though it is written in several ways."""
    chosen: dict[str, str] = {}
    for name in sorted(map(str.strip, names)):
        key = symbol_key(name)
        # BRK.B is the way of the exchange, and goes before the others.
        chosen[key] = name if name == key or key not in chosen else chosen[key]
    return tuple(sorted(chosen.values()))


def pieces_of(name: str) -> tuple[str, ...]:
    """Return what stands between a name's commas."""
    return tuple(piece.strip() for piece in name.split(","))


def is_run_of(pieces: tuple[str, ...], names: Sequence[str]) -> bool:
    """Return whether names stand one after another in a longer list."""
    width = len(pieces)
    return any(tuple(names[at : at + width]) == pieces for at in range(len(names) - width + 1))
