"""The sweep from the terminal: what is shown, and how it is refused and broken off."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.terminal import Finished, flows
from tests.unit.tasks.sweep.small_sweeps import write_bars

GRID = ("--grid", "min_body=0:0.6:0.3", "--grid", "entry=market,stop")
# What stands beside every best, wherever one is shown.
BESIDE = ("tries", "Tries", "Deflated Sharpe", "Overfitting", "SPA", "Reality check", "Break-even")


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bars(tmp_path_factory.mktemp("bars") / "bars.parquet")


def call(bars: Path, out: Path, *arguments: object) -> Finished:
    return flows(
        "sweep", "--bars", bars, "--interval", 30, "--set", "range_minutes=30", "--out", out,
        *arguments,
    )  # fmt: skip


@pytest.fixture(scope="module")
def swept(bars: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    out = tmp_path_factory.mktemp("swept") / "out"
    finished = call(bars, out, *GRID)
    assert finished.returncode == 0, finished.stderr
    return out, finished


def test_the_best_is_shown_with_how_much_of_it_is_luck(swept: tuple[Path, Finished]) -> None:
    out, finished = swept
    said = json.loads((out / "statistics.json").read_bytes())
    assert "Best by sharpe" in finished.stdout
    assert said["sentence"] in finished.stdout
    assert [name for name in BESIDE if name not in finished.stdout] == []
    # The sentence comes before the best.
    assert finished.stdout.index(said["sentence"]) < finished.stdout.index("Best by")


def test_sets_that_are_refused_are_named_with_why(swept: tuple[Path, Finished]) -> None:
    assert "refused 3 sets, the first is 1: parameters: entry=stop" in swept[1].stdout
    assert "direction=first_bar" in swept[1].stdout


def test_the_trades_of_a_set_are_those_of_its_backtest(
    bars: Path, swept: tuple[Path, Finished], tmp_path: Path
) -> None:
    out, _ = swept
    row = pl.read_parquet(out / "results.parquet").row(1, named=True)
    finished = flows("sweep", "--out", out, "--trades", row["set_hash"])
    assert finished.returncode == 0, finished.stderr
    alone = flows(
        "backtest", "--bars", bars, "--interval", 30, "--set", "range_minutes=30",
        "--set", f"min_body={row['min_body']}", "--out", tmp_path / "alone",
    )  # fmt: skip
    assert alone.returncode == 0, alone.stderr
    folder = out / "sets" / row["set_hash"]
    for name in ("trades.csv", "decisions.parquet", "equity.parquet"):
        assert (folder / name).read_bytes() == (tmp_path / "alone" / name).read_bytes(), name
    assert (folder / "report.html").exists()


def test_a_sweep_goes_on_after_its_trades_were_asked_for(
    bars: Path, swept: tuple[Path, Finished]
) -> None:
    out, _ = swept
    assert flows("sweep", "--out", out, "--trades", 0).returncode == 0
    again = call(bars, out, *GRID)
    assert again.returncode == 0, again.stderr
    assert "all were done already" in again.stdout


@pytest.mark.parametrize(
    ("named", "said"),
    [("1", "set 1 was refused: "), ("77", "set_number '77'"), ("abc", "'abc'")],
)
def test_a_set_that_is_not_there_is_refused(
    swept: tuple[Path, Finished], named: str, said: str
) -> None:
    finished = flows("sweep", "--out", swept[0], "--trades", named)
    assert finished.returncode == 2
    assert said in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_trades_are_refused_where_the_bars_changed_since(tmp_path: Path) -> None:
    bars = write_bars(tmp_path / "bars.parquet")
    assert call(bars, tmp_path / "out", *GRID).returncode == 0
    write_bars(bars, seed=2)
    finished = flows("sweep", "--out", tmp_path / "out", "--trades", 0)
    assert finished.returncode == 2
    assert "changed since the sweep" in finished.stderr
    assert not (tmp_path / "out" / "sets").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing is swept"),
        (("--grid", "range_minutes=30,60"), "range_minutes is both --set and --grid"),
        (("--grid", "min_body=0,1", "--objective", "sharp"), "Did you mean sharpe?"),
        (("--grid", "min_body=0,1", "--trades", "0"), "--trades is of a finished sweep"),
        (("--grid", "min_bodi=0,1"), "Did you mean min_body?"),
        (
            ("--grid", "lookback_minutes=5"),
            "Alike are entry_cutoff_minutes, flatten_minutes, range_minutes",
        ),
        (("--grid", "xyzzy=5"), " more. All are in openbell docs settings"),
        (("--grid", "min_body=0,big"), "--grid min_body: "),
        (("--grid", "min_body=3,7"), "--grid min_body: "),
        (("--grid", "min_body=0:1:0.0000001", "--grid", "max_positions=1:50:1"), "--random 1000"),
        (("--grid", "min_body=0,1", "--random", "0"), "--random 0"),
        (("--grid", "min_body=0,1", "--seed", "-1"), "seed -1 is negative"),
        (("--trades", "0"), "holds no finished sweep"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(
    bars: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    finished = call(bars, tmp_path / "out", *arguments)
    assert finished.returncode == 2
    assert said in finished.stderr
    assert finished.stderr.count("\n") == 1
    assert len(finished.stderr) < 400
    assert not (tmp_path / "out").exists()


def test_a_ruleset_gives_way_to_what_is_swept(bars: Path, tmp_path: Path) -> None:
    finished = flows(
        "sweep", "--bars", bars, "--interval", 30, "--ruleset", "conservative",
        "--symbols", "AAA",
        "--grid", "range_minutes=30,60", "--out", tmp_path / "out",
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr


def test_one_that_is_interrupted_says_how_it_goes_on(
    bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.sweep import set_runner
    from tasks.sweep.chunk import run_here

    monkeypatch.setattr("tasks.sweep.batch._SETS_OF_A_CHUNK", 1)

    def interrupted(chunks, tell):
        yield from run_here(chunks[:1], tell)
        raise KeyboardInterrupt

    monkeypatch.setattr(set_runner, "run_here", interrupted)
    finished = call(bars, tmp_path / "out", *GRID)
    assert finished.returncode == 130
    assert finished.stderr.splitlines() == [
        "what is done is kept: the same command goes on where it was", "interrupted",
    ]  # fmt: skip
