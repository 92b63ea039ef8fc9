"""What may be the name of a symbol, where a person writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from trading.errors import BadInput

# Providers write classes, futures, indices and pairs as BRK.B, ES=F, ^GSPC and EUR/USD, and some
# part a class by a space. What is left out comes from lists in another notation, such as A;B or
# {"A": 1}.
_NAME = re.compile(r"[A-Za-z0-9^][A-Za-z0-9.=^:_/&-]{0,31}( [A-Za-z]{1,2})?")
# The same class of a share is BRK.B, BRK-B, BRK/B or BRK B, by whom it is written.
_CLASS_MARK = re.compile(r"(?<=[A-Za-z0-9])[ ./-](?=[A-Za-z0-9])")
_FIELD = re.compile(r'\s*(?:"(?P<quoted>(?:[^"]|"")*)"\s*|(?P<plain>[^,]*))(?:,|$)')
_LONGEST_QUOTED = 64
_LIST = "Write symbols as AAPL,MSFT"
_QUOTED = "and names with a comma or spaces in quotes, '\"A, 5\",MSFT'"


def symbol_key(name: str) -> str:
    """Return what two ways of writing one symbol have in common: BRK B is BRK.B, BRK-B and brk.b.

    Small letters among capitals are part of a name: BACpB is a preferred share of BAC.
    """
    key = _CLASS_MARK.sub(".", name.strip())
    return key.upper() if key.islower() else key


def symbol_forms(name: str) -> frozenset[str]:
    """Return the usual ways of writing a symbol, its own among them."""
    key = symbol_key(name)
    if "." not in key:
        return frozenset({name, key})
    return frozenset({name, *(_CLASS_MARK.sub(mark, key) for mark in " ./-")})


def written_symbols(names: Iterable[str]) -> str:
    """Return symbols as --symbols takes them: quoted where a plain name could not hold them."""
    return ", ".join(
        name if _NAME.fullmatch(name) else '"' + name.replace('"', '""') + '"' for name in names
    )


def parse_symbols(text: str) -> tuple[str, ...]:
    """Return the symbols of `A,B`, in that order; quotes hold commas and spaces, as CSV has them.

    Raises BadInput for what cannot be a symbol's name, and for one that comes twice.
    """
    plain, names = [], []
    for name, is_quoted in _fields(text):
        if name:
            names.append(name)
            plain += [] if is_quoted else [name]
            if is_quoted and (len(name) > _LONGEST_QUOTED or not name.isprintable()):
                raise BadInput(f"{name[:40]!r} is no symbol", _LIST)
    _refuse_odd_names(plain, f"{_LIST}, {_QUOTED}")
    _refuse_twice(names)
    return tuple(names)


def refuse_no_symbols(names: tuple[str, ...]) -> None:
    """Raise BadInput for the first name that cannot be a symbol's, or that comes twice."""
    _refuse_odd_names(names, _LIST)
    _refuse_twice(names)


def _fields(text: str) -> Iterator[tuple[str, bool]]:
    """Yield what stands between commas, and whether it was quoted."""
    for found in _FIELD.finditer(text):
        if found["quoted"] is None:
            yield found["plain"].strip(), False
        else:
            yield found["quoted"].replace('""', '"').strip(), True


def _refuse_odd_names(names: Iterable[str], hint: str) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            raise BadInput(f"{name[:40]!r} is no symbol", hint)


def _refuse_twice(names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        first = seen.get(symbol_key(name))
        if first is not None:
            also = "" if first == name else f": {first} is the same"
            raise BadInput(f"symbol {name} is named twice{also}", "Name each once")
        seen[symbol_key(name)] = name
