"""The space of a sweep: all combinations of what is swept, numbered without being built."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from trading.errors import BadInput
from trading.sweep.dimension import EXAMPLE, Dimension, parse_dimension
from trading.sweep.parameter_set import INTERVALS, ParameterSet

# Each has its figures, and a return for each session, in memory.
MOST_SETS = 100_000
_STRATEGY = "strategy"


@dataclass(frozen=True)
class Space:
    """Dimensions in the order given; the last one's values change fastest."""

    dimensions: tuple[Dimension, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return what is swept."""
        return tuple(dimension.name for dimension in self.dimensions)

    @property
    def size(self) -> int:
        """Return the number of combinations, which may have any number of digits."""
        return math.prod(dimension.count for dimension in self.dimensions)

    def values_at(self, place: int) -> dict[str, Any]:
        """Return the values of the combination at a place, from 0."""
        indices = []
        for dimension in reversed(self.dimensions):
            place, index = divmod(place, dimension.count)
            indices.append(index)
        return {
            dimension.name: dimension.value_of(index)
            for dimension, index in zip(self.dimensions, reversed(indices), strict=True)
        }

    def place_of(self, indices: Sequence[int]) -> int:
        """Return the place of the combination that takes these values of its dimensions."""
        place = 0
        for dimension, index in zip(self.dimensions, indices, strict=True):
            place = place * dimension.count + index
        return place


def parse_space(grid: Sequence[str]) -> Space:
    """Return what `--grid` says; raises BadInput for nothing, and for a name that comes twice."""
    if not grid:
        raise BadInput("nothing is swept", EXAMPLE)
    dimensions = tuple(parse_dimension(text) for text in grid)
    names = sorted(dimension.name for dimension in dimensions)
    for one, other in pairwise(names):
        if one == other:
            raise BadInput(f"--grid {one} is given twice", f"Write all values of {one} in one")
    if set(INTERVALS) <= set(names):
        raise BadInput(f"--grid {INTERVALS[0]} and {INTERVALS[1]} are one thing", "Leave one out")
    if _STRATEGY in names:
        raise BadInput(
            "--grid strategy: strategies have parameters of their own",
            "Sweep each strategy by itself, with --set strategy=NAME and another --out",
        )
    return Space(dimensions)


def all_sets(space: Space) -> Iterator[ParameterSet]:
    """Yield every combination, in order; raises BadInput where they are too many to run."""
    if space.size > MOST_SETS:
        raise BadInput(
            f"the grid has {space.size:,} sets, and a sweep runs {MOST_SETS:,} at most",
            "Draw some of them, such as --random 1000, or take fewer values",
        )
    return (ParameterSet(place, space.values_at(place)) for place in range(space.size))


def drawn_sets(space: Space, wanted: int, seed: int) -> Iterator[ParameterSet]:
    """Yield so many different combinations drawn by a seed, in the order of the grid.

    All are yielded where they are fewer. Each choice of combinations is as likely as any other
    (Floyd's algorithm); none but those drawn is looked at. Raises BadInput for a number that
    cannot be.
    """
    if not 1 <= wanted <= MOST_SETS:
        raise BadInput(
            f"--random {wanted} is no number of sets to draw", f"Give one from 1 to {MOST_SETS:,}"
        )
    if wanted >= space.size:
        return all_sets(space)
    drawing = random.Random(seed)
    places: set[int] = set()
    for last in range(space.size - wanted, space.size):
        place = drawing.randrange(last + 1)
        places.add(last if place in places else place)
    return (
        ParameterSet(number, space.values_at(place)) for number, place in enumerate(sorted(places))
    )


def sets_of(space: Space, wanted: int | None, seed: int) -> Iterator[ParameterSet]:
    """Yield the sets that are asked for: all of them, or so many drawn by a seed."""
    return all_sets(space) if wanted is None else drawn_sets(space, wanted, seed)
