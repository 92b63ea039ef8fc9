"""Windows part sessions so that no choice sees what it is judged by, and what is traded joins."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.errors import BadInput
from trading.walk_forward.windows import Window, WindowLengths, windows_of


@st.composite
def parted(draw):
    out_of_sample = draw(st.integers(1, 30))
    lengths = WindowLengths(
        in_sample=draw(st.integers(1, 60)),
        out_of_sample=out_of_sample,
        step=out_of_sample + draw(st.sampled_from([0, 0, 0, 1, 7])),
        purged=draw(st.integers(0, 16)),
        is_anchored=draw(st.booleans()),
    )
    begin = draw(st.integers(0, 40))
    sessions = range(begin, begin + lengths.of_one + draw(st.integers(0, 200)))
    return lengths, sessions, windows_of(lengths, sessions)


@given(parted())
def test_no_window_chooses_on_what_it_trades_nor_on_the_purged_sessions_before_it(case):
    lengths, sessions, windows = case
    for window in windows:
        assert window.in_sample.start >= sessions.start
        assert len(window.purged) == lengths.purged
        assert window.out_of_sample.start - window.in_sample.stop == lengths.purged
        assert len(window.in_sample) >= lengths.in_sample
        assert not set(window.in_sample) & set(window.out_of_sample)


@given(parted())
def test_what_is_traded_never_overlaps_and_joins_to_the_last_session(case):
    lengths, sessions, windows = case
    for before, after in pairwise(windows):
        untraded = after.out_of_sample.start - before.out_of_sample.stop
        assert untraded == lengths.step - lengths.out_of_sample
        assert len(before.out_of_sample) == lengths.out_of_sample
    last = windows[-1].out_of_sample
    assert 1 <= len(last) <= lengths.out_of_sample
    assert sessions.stop - last.stop < max(1, lengths.step)
    if lengths.step == lengths.out_of_sample:
        traded = [session for window in windows for session in window.out_of_sample]
        first = sessions.start + lengths.in_sample + lengths.purged
        assert traded == list(range(first, sessions.stop))


@given(parted())
def test_anchored_windows_begin_at_the_first_session_and_rolling_ones_keep_their_length(case):
    lengths, sessions, windows = case
    for number, window in enumerate(windows):
        assert window.number == number + 1
        if lengths.is_anchored:
            assert window.in_sample.start == sessions.start
        else:
            assert len(window.in_sample) == lengths.in_sample
            assert window.in_sample.start == sessions.start + number * lengths.step


def test_the_last_window_trades_what_is_left():
    lengths = WindowLengths(6, 3, 3, 1, is_anchored=False)
    assert windows_of(lengths, range(2, 17)) == (
        Window(1, range(2, 8), range(9, 12)),
        Window(2, range(5, 11), range(12, 15)),
        Window(3, range(8, 14), range(15, 17)),
    )


def test_too_few_sessions_are_told_with_how_many_one_window_needs():
    lengths = WindowLengths(20, 5, 5, 3, is_anchored=True)
    assert len(windows_of(lengths, range(28))) == 1
    with pytest.raises(BadInput, match=r"27 sessions, and one window needs 28: 20 in-sample, 3 pu"):
        windows_of(lengths, range(27))


@pytest.mark.parametrize(
    ("lengths", "said"),
    [
        ((0, 5, 5, 0), "in-sample 0 is no number of sessions"),
        ((-20, 5, 5, 0), "in-sample -20"),
        ((20, 0, 5, 0), "out-of-sample 0"),
        ((20, 5, 0, 0), "step 0"),
        ((20, 5, 5, -1), "purge -1"),
        ((20, 5, 4, 0), "step 4 is shorter than out-of-sample 5.*out-of-sample 4"),
    ],
)
def test_lengths_that_make_no_windows_are_refused(lengths, said):
    with pytest.raises(BadInput, match=said):
        WindowLengths(*lengths, is_anchored=True)
