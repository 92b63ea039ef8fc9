"""A second run over the same files takes the bars that the first has kept, and only then."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest

import blocks
import tasks
import trading
from blocks.bars import cache_key as kept_key
from blocks.bars import panel_cache as kept_bars
from blocks.bars.cache_key import code_digest
from blocks.bars.file_format import BarFileFormat
from blocks.bars.panel_cache import LoadedPanel, keep_bars
from blocks.markets.random_walk import simulated_rows
from tasks.backtest import panel as backtest_panel
from tasks.backtest.checks import run_look_ahead_test
from tasks.backtest.panel import load_panel
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest
from tests.repository import REPOSITORY
from trading.errors import BadInput
from trading.market.calendar import sessions_between

JUNE = sessions_between("NYSE", date(2025, 6, 2), date(2025, 6, 30))


@pytest.fixture
def bars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of one CSV a symbol that counts as large, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(backtest_panel, "LARGE_BYTES", 0)
    monkeypatch.setattr(kept_bars, "LEAST_FREE_BYTES", 1)
    folder = tmp_path / "bars"
    folder.mkdir()
    for symbol in ("AAA", "BBB"):
        rows = simulated_rows((symbol,), JUNE, 5)
        pl.DataFrame(
            {
                "ts": pl.Series(rows.start_us).cast(pl.Datetime("us", "UTC")),
                **{name: rows.number(name) for name in ("open", "high", "low", "close")},
                "volume": rows.volume,
            }
        ).write_csv(folder / f"{symbol}.csv")
    return folder


def kept_files(bars: Path) -> list[Path]:
    """Return the files of bars that are kept."""
    return sorted((bars.parent / "cache" / "openbell" / "bars").glob("*.bars"))


def load(request: BacktestRequest, *, warm_up: bool = False) -> LoadedPanel:
    """Return a request's panel, kept before the call is over."""
    return load_panel(request, lambda work: work(), warm_up=warm_up)


def refuse_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test when files of bars are read from here on."""

    def read(*_: object, **__: object) -> None:
        pytest.fail("the files were read")

    monkeypatch.setattr(backtest_panel, "load_bars", read)


def test_the_second_run_reads_no_bars_and_says_the_same(
    bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = BacktestRequest(bars, start=date(2025, 6, 4), settings={"stop": "atr"})
    outs = [tmp_path / "first", tmp_path / "second"]
    backtest(replace(request, out=outs[0]))
    refuse_to_read(monkeypatch)
    backtest(replace(request, out=outs[1]))

    assert len(kept_files(bars)) == 1
    names = sorted(path.name for path in outs[0].iterdir())
    assert "summary.json" in names and "report.html" in names
    for name in names:
        assert (outs[0] / name).read_bytes() == (outs[1] / name).read_bytes(), name


def test_the_look_ahead_test_takes_them_too(bars: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = BacktestRequest(bars)
    first = run_look_ahead_test(request, 2, 1)
    refuse_to_read(monkeypatch)

    assert run_look_ahead_test(request, 2, 1) == first


def edit_in_place(bars: Path) -> None:
    """Change one digit of a price, and give the file its old time back."""
    path = bars / "BBB.csv"
    before = path.stat()
    lines = path.read_text().splitlines(keepends=True)
    head, volume = lines[50].rstrip("\n").rsplit(",", 1)
    digit = volume[0]
    lines[50] = f"{head},{'2' if digit == '1' else '1'}{volume[1:]}\n"
    path.write_text("".join(lines))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def swap_names(bars: Path) -> None:
    """Let each file be the other symbol's."""
    (bars / "AAA.csv").rename(bars / "x")
    (bars / "BBB.csv").rename(bars / "AAA.csv")
    (bars / "x").rename(bars / "BBB.csv")


def add_a_file(bars: Path) -> None:
    """Add a third symbol."""
    (bars / "CCC.csv").write_bytes((bars / "AAA.csv").read_bytes())


@pytest.mark.parametrize("change", [edit_in_place, swap_names, add_a_file])
def test_other_files_are_read(bars: Path, change: Callable[[Path], None]) -> None:
    request = BacktestRequest(bars)
    before = load(request)
    change(bars)
    after = load(request)

    truth = load(replace(request, read_again=True))
    assert after.panel.symbols == truth.panel.symbols
    assert np.array_equal(after.panel.volume, truth.panel.volume, equal_nan=True)
    assert before.panel.symbols != after.panel.symbols or not np.array_equal(
        before.panel.volume, after.panel.volume, equal_nan=True
    )


@pytest.mark.parametrize(
    "other",
    [
        {"symbols": ("BBB", "AAA")},
        {"start": date(2025, 6, 9)},
        {"end": date(2025, 6, 20)},
        {"interval_minutes": 15},
        {"exchange": "LSE"},
        {"format": BarFileFormat(stamp="end")},
        {"format": BarFileFormat(columns={"volume": "volume"})},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_request_is_another_panel(bars: Path, other: dict[str, object]) -> None:
    load(BacktestRequest(bars))
    request = replace(BacktestRequest(bars), **other)  # type: ignore[arg-type]
    load(request)

    assert len(kept_files(bars)) == 2


def test_bars_that_warm_up_are_another_panel(bars: Path) -> None:
    request = BacktestRequest(bars, start=date(2025, 6, 9))
    counts = [load(request, warm_up=warm_up).first_traded for warm_up in (False, True, False)]

    assert counts == [0, 5, 0]


def test_other_code_reads_again(
    bars: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("one", "other"):
        package = ModuleType(name)
        package.__path__ = [str(tmp_path / name)]
        folder = tmp_path / name / "folder" / "below"
        folder.mkdir(parents=True)
        (folder / "module.py").write_text(f"# {name}")
        monkeypatch.setattr(backtest_panel, "_CODE", code_digest((package,)))
        load(BacktestRequest(bars))
        load(BacktestRequest(bars))
    monkeypatch.setattr(kept_key.metadata, "version", lambda _: "99")
    monkeypatch.setattr(backtest_panel, "_CODE", code_digest((package,)))
    load(BacktestRequest(bars))

    assert len(kept_files(bars)) == 3


def test_all_code_that_loads_is_told_apart() -> None:
    code = """if True:
        import sys
        from tasks.backtest import panel as backtest_panel
        print(backtest_panel._CODE)
        packages = {name.rpartition(".")[0] for name in sys.modules}
        print(*(name for name in packages if name.startswith(("trading", "blocks", "tasks"))))
    """
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    digest, packages = run.stdout.splitlines()
    assert {name.partition(".")[0] for name in packages.split()} == {"trading", "blocks", "tasks"}
    assert digest == code_digest((trading, blocks, tasks))


def test_other_time_zone_data_reads_again(
    bars: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load(BacktestRequest(bars))
    zones = tmp_path / "zones" / "America"
    zones.mkdir(parents=True)
    (zones / "New_York").write_bytes(b"newer rules")
    monkeypatch.setattr(kept_key.zoneinfo, "TZPATH", (str(zones.parent),))
    load(BacktestRequest(bars))

    assert len(kept_files(bars)) == 2


def test_to_read_again_can_be_asked_for(bars: Path) -> None:
    request = BacktestRequest(bars)
    true = load(request)
    (kept,) = kept_files(bars)
    other = replace(true, panel=replace(true.panel, volume=true.panel.volume + 1))
    keep_bars(kept.parent, kept.stem, other)
    assert load(request).panel.volume[0, 0] == true.panel.volume[0, 0] + 1

    for again in (replace(request, read_again=True), request):
        assert np.array_equal(load(again).panel.volume, true.panel.volume, equal_nan=True)


def come_and_go(bars: Path) -> None:
    """Let a file be there for a moment."""
    (bars / "new.csv").write_bytes((bars / "AAA.csv").read_bytes())
    (bars / "new.csv").unlink()


@pytest.mark.parametrize("change", [edit_in_place, swap_names, come_and_go])
def test_what_changes_while_it_is_read_is_not_kept(
    bars: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    read = backtest_panel.load_bars

    def load_and_change(request: BacktestRequest, *, warm_up: bool) -> object:
        found = read(request, warm_up=warm_up)
        change(bars)
        return found

    monkeypatch.setattr(backtest_panel, "load_bars", load_and_change)
    load(BacktestRequest(bars))

    assert kept_files(bars) == []


def test_a_link_that_led_elsewhere_for_a_moment_is_not_kept(
    bars: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = bars.parent / "link.csv"
    link.symlink_to(bars / "AAA.csv")
    read = backtest_panel.load_bars

    def load_elsewhere(request: BacktestRequest, *, warm_up: bool) -> object:
        link.unlink()
        link.symlink_to(bars / "BBB.csv")
        found = read(request, warm_up=warm_up)
        link.unlink()
        link.symlink_to(bars / "AAA.csv")
        return found

    monkeypatch.setattr(backtest_panel, "load_bars", load_elsewhere)
    load(BacktestRequest(link))

    assert kept_files(bars) == []


def test_a_pipe_among_the_files_is_refused_and_nobody_waits_for_it(bars: Path) -> None:
    os.mkfifo(bars / "CCC.csv")
    with pytest.raises(BadInput, match=r"CCC\.csv is no regular file"):
        load(BacktestRequest(bars))


def test_an_exchange_that_was_not_there_in_1970_is_no_hindrance(bars: Path) -> None:
    request = BacktestRequest(bars, exchange="IEX")

    assert run_look_ahead_test(request, 2, 1).passed


def test_small_files_are_not_kept(bars: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest_panel, "LARGE_BYTES", 10**9)
    load(BacktestRequest(bars))

    assert kept_files(bars) == []


def test_where_nothing_can_be_kept_bars_are_read(
    bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = load(BacktestRequest(bars)).panel
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    found = load(BacktestRequest(bars)).panel

    assert np.array_equal(found.close, expected.close, equal_nan=True)


def test_a_request_that_is_refused_keeps_nothing(bars: Path) -> None:
    (bars / "CCC.csv").write_text("ts,open\nno time,1\n")
    with pytest.raises(BadInput, match=r"CCC\.csv"):
        load(BacktestRequest(bars))

    assert kept_files(bars) == []
