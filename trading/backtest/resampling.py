"""Samples drawn with replacement by a seed, the same by numpy as in machine code.

Each draw follows from its number alone, and values are added up as whole numbers, which in any
order make the same sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Floats, Integers

Unsigned = NDArray[np.uint64]
# Writes the sum of each resample: of whole numbers, by a key, to as many as are to be written.
Resample = Callable[[Integers, np.uint64, Integers], None]

# Of splitmix64: G. Steele, D. Lea, C. Flood, Fast splittable pseudorandom number generators
# (2014), as S. Vigna's splitmix64.c has it.
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_27, _30, _31, _32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)
# Sums of this many bits are whole, and leave one for the sign.
_BITS = 62
_DRAWS_AT_A_TIME = 1_000_000


def mixed(number: Any) -> Any:
    """Return splitmix64's output of its state's number, or of an array of numbers."""
    state = number * _STEP
    state = (state ^ (state >> _30)) * _FIRST
    state = (state ^ (state >> _27)) * _SECOND
    return state ^ (state >> _31)


def upper_place(random: Any, count: Any) -> Any:
    """Return which of so many values the upper half of 64 random bits draws."""
    return ((random >> _32) * count) >> _32


def lower_place(random: Any, count: Any) -> Any:
    """Return which of so many values the lower half of 64 random bits draws."""
    return ((random & _LOW) * count) >> _32


def resample_in_a_loop(values: Integers, key: np.uint64, sums: Integers) -> None:
    """Write the sums of resamples; for machine code."""
    count = len(values)
    pairs = count // 2
    words = np.uint64((count + 1) // 2)
    size = np.uint64(count)
    for number in range(len(sums)):
        first = key + np.uint64(number) * words
        total = 0
        for pair in range(pairs):
            random = mixed(first + np.uint64(pair))
            total += values[upper_place(random, size)] + values[lower_place(random, size)]
        if count % 2 == 1:
            total += values[upper_place(mixed(first + np.uint64(pairs)), size)]
        sums[number] = total


def resample_by_numpy(values: Integers, key: np.uint64, sums: Integers) -> None:
    """Write what `resample_in_a_loop` writes."""
    count = len(values)
    words, size = (count + 1) // 2, np.uint64(count)
    step = max(1, _DRAWS_AT_A_TIME // count)
    for begin in range(0, len(sums), step):
        end = min(begin + step, len(sums))
        numbers = np.arange(begin * words, end * words, dtype=np.uint64)
        random: Unsigned = mixed(key + numbers).reshape(end - begin, words)
        # Of an odd count the last word has one draw.
        lower = random[:, : count // 2]
        sums[begin:end] = values[upper_place(random, size)].sum(axis=1)
        sums[begin:end] += values[lower_place(lower, size)].sum(axis=1)


def means_of_resamples(
    values: Floats, resamples: int, seed: int, resample: Resample = resample_by_numpy
) -> Floats:
    """Return the means of so many resamples of as many values as there are, in no order."""
    # A power of two, as is any unit that the largest sum leaves room for.
    largest = float(np.abs(values).max()) * len(values)
    exponent = _BITS - math.frexp(largest)[1]
    whole = np.rint(np.ldexp(values, exponent)).astype(np.int64)
    sums = np.empty(resamples, dtype=np.int64)
    resample(whole, key_of(seed), sums)
    return np.ldexp(sums.astype(np.float64), -exponent) / len(values)


def key_of(seed: int) -> np.uint64:
    """Return where in the generator's sequence a seed begins: far from any other's."""
    return np.uint64(mixed(np.array([seed + 1], dtype=np.uint64))[0])
