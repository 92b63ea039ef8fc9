"""Which known name somebody probably meant by one that is not known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

# A line with more is not read.
_MOST_SHOWN = 8
_SHORTEST_PIECE = 3


def nearest_of(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that is few slips of the pen away, None where none is near.

    Capitals are no slip.
    """
    meant = word.casefold()
    found = min(((edit_distance(meant, name.casefold()), name) for name in known), default=None)
    return found[1] if found is not None and found[0] <= max(2, len(word) // 4) else None


def parameters_meant(name: str, known: Sequence[str]) -> str:
    """Return a hint at the known parameters that may be meant by one that is none."""
    near = nearest_of(name, known)
    alike = [each for each in known if _pieces(each) & _pieces(name)]
    if near is not None:
        hint = f"Did you mean {near}?"
    elif alike:
        hint = f"Alike are {_listed(alike)}"
    else:
        hint = f"There are {_listed(known)}"
    stop = "" if hint.endswith("?") else "."
    return f"{hint}{stop} All are in openbell docs settings and openbell docs strategies"


def _pieces(name: str) -> set[str]:
    return {piece for piece in name.lower().split("_") if len(piece) >= _SHORTEST_PIECE}


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return f"{', '.join(names[:_MOST_SHOWN])}{more}"


def edit_distance(one: str, other: str, most: int = 99) -> int:
    """Return how many letters are to be added, removed, changed or swapped with the next.

    Of words that are farther apart than `most`, some greater number.
    """
    # One slip changes at most two letters that one of them has and the other has not.
    if abs(len(one) - len(other)) > most or len(set(one) ^ set(other)) > 2 * most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        above, row, older = row, [i], before
        before = above
        for j, b in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
