"""Bars kept between runs: equal to what was loaded, or not there at all."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from blocks.bars import panel_cache as kept_bars
from blocks.bars.panel_cache import LoadedPanel, keep_bars, read_kept
from blocks.markets.random_walk import simulated_rows
from tests.full_disk import full_disk
from trading.market.bars import NUMBERS
from trading.market.calendar import make_grid, sessions_between
from trading.market.panel_loading import make_panel

HOUR_S = 3600
KEYS = ("a" * 64, "b" * 64, "c" * 64)


@pytest.fixture(scope="module")
def loaded() -> LoadedPanel:
    """Return bars with holes, over a half-day and a change of the clocks."""
    sessions = sessions_between("NYSE", date(2024, 10, 28), date(2024, 12, 2))
    rows = simulated_rows(("AAA", "BBB", "CCC"), sessions, 5)
    holes = np.arange(len(rows)) % 7 != 3
    panel = make_panel(rows.take(holes), make_grid(sessions, 5), ("AAA", "BBB", "CCC"))
    return LoadedPanel(panel, 4, "here/ünd there.csv", ("one note", "another: 5 µs"))


def assert_equal(found: LoadedPanel | None, expected: LoadedPanel) -> None:
    """Hold two to be the same to the last bit, and alike to machine code."""
    assert found is not None
    for name in NUMBERS:
        one, other = getattr(found.panel, name), getattr(expected.panel, name)
        assert np.array_equal(one.view(np.int64), other.view(np.int64))
        assert (one.dtype, one.strides) == (other.dtype, other.strides)
        assert one.flags.writeable and one.flags.aligned
    assert found.panel.has_zero_volume == expected.panel.has_zero_volume
    for name in ("first_row", "start_us", "end_us"):
        assert np.array_equal(getattr(found.panel.grid, name), getattr(expected.panel.grid, name))
    assert found.panel.grid.sessions == expected.panel.grid.sessions
    assert found.panel.grid.interval_minutes == expected.panel.grid.interval_minutes
    assert found.panel.symbols == expected.panel.symbols
    assert found.panel.defects == expected.panel.defects
    assert replace(found, panel=expected.panel) == expected


def test_what_was_kept_is_read_back(tmp_path: Path, loaded: LoadedPanel) -> None:
    assert read_kept(tmp_path, KEYS[0]) is None
    assert keep_bars(tmp_path, KEYS[0], loaded)

    assert_equal(read_kept(tmp_path, KEYS[0]), loaded)
    assert read_kept(tmp_path, KEYS[1]) is None
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o077 == 0, "others may not read a user's bars"


def test_what_a_run_does_to_its_arrays_stays_in_that_run(
    tmp_path: Path, loaded: LoadedPanel
) -> None:
    keep_bars(tmp_path, KEYS[0], loaded)
    first = read_kept(tmp_path, KEYS[0])
    assert first is not None
    first.panel.close[:] = -1.0

    assert_equal(read_kept(tmp_path, KEYS[0]), loaded)


def test_no_damage_goes_unnoticed(tmp_path: Path, loaded: LoadedPanel) -> None:
    keep_bars(tmp_path, KEYS[0], loaded)
    (path,) = tmp_path.iterdir()
    sound = path.read_bytes()
    header_end = sound.index(b"}", sound.index(b'"checksums"'))
    generator = np.random.default_rng(5)
    arrays_begin = -(-header_end // 4096) * 4096
    used = loaded.panel.close.nbytes
    spots = [0, 17, 25, header_end, *generator.integers(32, header_end, 40)]
    spots += [*generator.integers(arrays_begin, arrays_begin + used, 40)]
    cases = [sound[:at] + bytes([sound[at] ^ 0x10]) + sound[at + 1 :] for at in map(int, spots)]
    cases += [sound[:length] for length in (0, 1, 15, 24, 200, header_end, len(sound) - 8)]
    for damaged in cases:
        path.write_bytes(damaged)

        assert read_kept(tmp_path, KEYS[0]) is None
        assert not path.exists(), "a damaged file is in nobody's way"


def test_a_sound_file_stays_where_memory_is_short(
    tmp_path: Path, loaded: LoadedPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object, **__: object) -> None:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    keep_bars(tmp_path, KEYS[0], loaded)
    with monkeypatch.context() as changed:
        changed.setattr(kept_bars.mmap, "mmap", no_memory)
        assert read_kept(tmp_path, KEYS[0]) is None

    assert_equal(read_kept(tmp_path, KEYS[0]), loaded)


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path: Path, loaded: LoadedPanel) -> None:
    with full_disk(loaded.panel.close.nbytes * 2):
        assert not keep_bars(tmp_path, KEYS[0], loaded)

    assert list(tmp_path.iterdir()) == []
    assert keep_bars(tmp_path, KEYS[0], loaded)


def test_those_used_longest_ago_make_room(
    tmp_path: Path, loaded: LoadedPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = sum(getattr(loaded.panel, name).nbytes for name in NUMBERS)
    monkeypatch.setattr(kept_bars, "MOST_BYTES", int(2.9 * size))
    for age, key in enumerate(KEYS[:2]):
        keep_bars(tmp_path, key, loaded)
        then = (tmp_path / f"{key}.bars").stat().st_mtime - 100 + age
        os.utime(tmp_path / f"{key}.bars", (then, then))
    # The first becomes the one that was used last.
    read_kept(tmp_path, KEYS[0])

    assert keep_bars(tmp_path, KEYS[2], loaded)

    kept = [key for key in KEYS if (tmp_path / f"{key}.bars").exists()]
    assert kept == [KEYS[0], KEYS[2]]


def test_bars_that_would_fill_the_folder_are_not_kept(
    tmp_path: Path, loaded: LoadedPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_bars, "MOST_BYTES", loaded.panel.close.nbytes * 9)

    assert not keep_bars(tmp_path, KEYS[0], loaded)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_once_it_is_old(
    tmp_path: Path, loaded: LoadedPanel
) -> None:
    old, new, other = (tmp_path / name for name in ("x.partial", "y.partial", "notes.txt"))
    for path in (old, new, other):
        path.write_text("half")
    then = old.stat().st_mtime - HOUR_S - 60
    os.utime(old, (then, then))
    os.utime(other, (then, then))

    keep_bars(tmp_path, KEYS[0], loaded)

    assert not old.exists()
    assert new.exists() and other.exists()
