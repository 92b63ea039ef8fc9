"""Resamples are drawn alike by numpy and in a loop, evenly, and by the generator that is named."""

from __future__ import annotations

import numpy as np
import pytest

from trading.backtest.resampling import (
    key_of,
    lower_place,
    means_of_resamples,
    mixed,
    resample_by_numpy,
    resample_in_a_loop,
    upper_place,
)


def test_numbers_are_mixed_as_splitmix64_mixes_them() -> None:
    # The first outputs of its authors' program from the state 0.
    known = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert mixed(np.arange(1, 4, dtype=np.uint64)).tolist() == known


@pytest.mark.parametrize("count", [2, 3, 10, 11])
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_a_loop_and_numpy_draw_the_same(count: int) -> None:
    values = np.random.default_rng(count).integers(-(2**40), 2**40, count)
    looped, at_once = np.zeros((2, 30), dtype=np.int64)
    resample_in_a_loop(values, key_of(5), looped)
    resample_by_numpy(values, key_of(5), at_once)
    np.testing.assert_array_equal(looped, at_once)


def test_every_value_is_drawn_as_often_as_any_other() -> None:
    random = mixed(np.arange(300_000, dtype=np.uint64))
    for place in (upper_place, lower_place):
        drawn = np.bincount(place(random, np.uint64(7)).astype(np.int64), minlength=7)
        expected = len(random) / 7
        # Six degrees of freedom: beyond 22.5 once in a thousand seeds.
        assert np.sum((drawn - expected) ** 2 / expected) < 22.5


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_means_are_as_exact_as_floats(scale: float) -> None:
    values = scale * np.random.default_rng(1).normal(size=1000)
    means = means_of_resamples(values, 400, 3)
    error = values.std() / np.sqrt(1000)
    assert abs(means.mean() - values.mean()) < 4 * error / np.sqrt(400)
    assert means.std() == pytest.approx(error, rel=0.15)
    same = means_of_resamples(np.full(1000, scale / 3), 400, 3)
    np.testing.assert_allclose(same, scale / 3, rtol=1e-12)
