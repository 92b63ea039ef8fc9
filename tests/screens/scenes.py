"""What pictures are taken of: reports, the live page through a day, and Prefect's pages."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.repository import REPOSITORY
from tests.screens.camera import LOOKS, Camera
from tests.screens.prefect_pages import PrefectPages

DAY = "2025-06-10"
MONTH = ("2025-06-02", "2025-06-30")
SYMBOLS = "AAPL,MSFT,NVDA,QQQ,TSLA"
BENCHMARK = "QQQ"
# A half-hour of the day is fifteen seconds then, and a picture takes one or two.
SPEED = 120
HALF_HOUR = timedelta(minutes=30)
# At noon in New York something was traded, and something is held.
NOON_UTC = datetime(2025, 6, 10, 16, tzinfo=UTC)
STRATEGY = ("--set", "range_minutes=60", "--set", "target=none")
# Of each symbol that is in sight.
HAS_CANDLES = """[...document.querySelectorAll('#symbol-charts .chart')].length
  && [...document.querySelectorAll('#symbol-charts .chart')].every(chart =>
    chart.getBoundingClientRect().top > innerHeight || chart.querySelector('canvas'))"""
TALL_PX = {"desktop-light": 2450, "phone-dark": 1500}
PATIENCE_S = 300.0
# What a process said last, if it ends before it answers.
LAST_LINES = 8
DEPLOYED_BACKTEST = {
    "symbols": SYMBOLS.split(","),
    "start": MONTH[0],
    "end": MONTH[1],
}
DEPLOYED_SESSION = {
    "symbols": SYMBOLS.split(","),
    "replay": DAY,
    "interval_minutes": 15,
    "strategy": {"range_minutes": 15},
}
# One in the morning, at which something is decided.
BAR = 3
# What people come to in Prefect, by the name of the picture.
PREFECT_PAGES = {"runs": "/runs", "deployments": "/deployments", "artifacts": "/artifacts"}


def reports(camera: Camera, folder: Path) -> None:
    """Run a backtest, a sweep and a walk-forward test, and take their pages."""
    span = ["--symbols", SYMBOLS, "--start", MONTH[0], "--end", MONTH[1]]
    for name, grid in (("first", 5), ("second", 15)):
        extra = ["--benchmark", BENCHMARK, "--set", f"range_minutes={grid}"]
        call("backtest", *span, *extra, "--out", str(folder / name))
    camera.in_every_look("report", (folder / "first" / "report.html").as_uri())
    grids = ["--grid", "range_minutes=5,15,30", "--grid", "min_body=0:0.8:0.2"]
    call("sweep", *span, *grids, "--out", str(folder / "sweep"))
    camera.in_every_look("sweep", (folder / "sweep" / "sweep.html").as_uri())
    page = folder / "compared.html"
    call("compare", str(folder / "first"), str(folder / "second"), "--out", str(page))
    camera.in_every_look("compare", page.as_uri())


def live_day(camera: Camera, folder: Path) -> None:
    """Replay a day, with a picture of the live page at each of its half-hours."""
    with _api(folder) as address:
        with _replaying(folder) as session:
            _film(camera, address, session)
        camera.in_every_look("live", address)
        camera.in_every_look("session", f"{address}/sessions/{DAY}")
        camera.in_every_look("api", f"{address}/docs")


def _film(camera: Camera, address: str, session: subprocess.Popen[bytes]) -> None:
    camera.look(LOOKS[0])
    due: datetime | None = None
    deadline = time.monotonic() + PATIENCE_S
    while session.poll() is None:
        assert time.monotonic() < deadline, "the day does not end"
        now = _moment(address)
        if now is None or (due is not None and now < due):
            time.sleep(0.3)
            continue
        if due is None:
            camera.open(address)
            due = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
        # The page follows by itself: it is not opened again.
        camera.take(f"day/{due:%H%M}-UTC", is_whole=True)
        due += HALF_HOUR
    assert session.returncode == 0, "the session failed"
    camera.wait()
    camera.take("day/closed", is_whole=True)


def noon(camera: Camera, folder: Path) -> None:
    """Replay a day until noon, and take the live page as the docs show it."""
    with _api(folder) as address:
        with _replaying(folder) as session:
            deadline = time.monotonic() + PATIENCE_S
            while (now := _moment(address)) is None or now < NOON_UTC:
                assert time.monotonic() < deadline, "noon does not come"
                assert session.poll() is None, "the session has ended before"
                time.sleep(0.3)
        # It stands still now, however long a browser takes.
        for look in LOOKS:
            if look.name in TALL_PX:
                camera.look(replace(look, height=TALL_PX[look.name]))
                camera.open(address)
                camera.wait_for(HAS_CANDLES)
                camera.wait()
                camera.take(f"noon/{look.name}")


@contextmanager
def _replaying(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    replay = ["run", "--replay", DAY, "--symbols", SYMBOLS, "--speed", str(SPEED), *STRATEGY]
    session = subprocess.Popen(
        [sys.executable, "-m", "flows", *replay, "--data-dir", folder.name],
        cwd=folder.parent,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield session
    finally:
        session.terminate()
        session.wait()


def _moment(address: str) -> datetime | None:
    """Return the clock of the replay that is under way, None before it has one."""
    answer = _json(f"{address}/api/session")
    if not answer or not answer["clock"]["is_replayed"]:
        return None
    return datetime.fromisoformat(str(answer["clock"]["now"]))


def prefect(camera: Camera, folder: Path) -> None:
    """Run a backtest and a session in Prefect, and take the pages that people come to."""
    with _up(folder) as server:
        camera.look(LOOKS[0])
        camera.open(server.address)
        # As its own page does it when it asks for the string.
        camera.evaluate(
            f"localStorage.setItem('prefect-password', btoa({json.dumps(server.auth)}))"
        )
        form = server.asked("/deployments/name/backtest/adhoc")["id"]
        camera.open(f"{server.address}/deployments/deployment/{form}/run")
        camera.take("prefect/form", is_whole=True)
        run = server.start("backtest/adhoc", DEPLOYED_BACKTEST | {"data_dir": str(folder)})
        for state in server.states_of(run):
            if state == "RUNNING" and not any("running" in path.name for path in camera.taken):
                camera.open(f"{server.address}/runs/flow-run/{run}")
                camera.take("prefect/running")
        camera.open(f"{server.address}/runs/flow-run/{run}")
        camera.take("prefect/run", is_whole=True)
        _session(camera, server, folder)
        for name, path in PREFECT_PAGES.items():
            camera.open(server.address + path)
            camera.take(f"prefect/{name}")


def _session(camera: Camera, server: PrefectPages, folder: Path) -> None:
    """Replay a day, and take its run, one of its bars, what it decided and what it held."""
    # A page that is open asks the server again and again.
    camera.open("about:blank")
    run = server.start("trade-session/replay", DEPLOYED_SESSION | {"data_dir": str(folder)})
    for _ in server.states_of(run):
        pass
    bars = server.all_of("flow_runs", {"flow_runs": {"parent_flow_run_id": {"any_": [run]}}})
    pages = {"session": f"runs/flow-run/{run}", "bar": f"runs/flow-run/{bars[BAR]['id']}"}
    for kind in ("decisions", "positions"):
        kept = server.all_of("artifacts", {"artifacts": {"key": {"any_": [f"replay-{kind}"]}}})
        # Whose rows say most: at its end a session holds nothing.
        fullest = max(kept, key=lambda each: len(str(each["data"])))
        pages[kind] = f"artifacts/artifact/{fullest['id']}"
    for name, path in pages.items():
        camera.open(f"{server.address}/{path}")
        camera.take(f"prefect/{name}")


def call(*arguments: str) -> None:
    """Run a command of Openbell's; an error ends all."""
    subprocess.run(
        [sys.executable, "-m", "flows", *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        check=True,
    )


@contextmanager
def _api(folder: Path) -> Iterator[str]:
    # The page shows commands with the folder as it was named.
    arguments = ["api", "--data-dir", folder.name, "--account", "replay", "--port", "0"]
    with _saying(arguments, r"listening at (http://\S+)", folder.parent) as found:
        yield found[1]


@contextmanager
def _up(folder: Path) -> Iterator[PrefectPages]:
    arguments = ["deployments", "up", "--data-dir", str(folder)]
    # The UI's own line: the API's address ends with /api.
    with _saying(arguments, r"Openbell is up.*?(http://[\w.:]+)") as found:
        from blocks.process.web.auth_string import kept_auth_string

        yield PrefectPages(found[1], kept_auth_string(folder))


@contextmanager
def _saying(
    arguments: Sequence[str], words: str, working_folder: Path = REPOSITORY
) -> Iterator[re.Match[str]]:
    """Run a module until the context ends; give the first line that says such words."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=working_folder,
        env=os.environ | {"PRIMARY_PROVIDER": "simulated"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said: deque[str] = deque(maxlen=LAST_LINES)
    try:
        for line in process.stdout:
            said.append(line)
            if found := re.search(words, line):
                # What it says later must not fill the pipe.
                threading.Thread(target=process.stdout.read, daemon=True).start()
                yield found
                break
        else:
            raise AssertionError(f"{arguments[0]} ended before it answered: {''.join(said)}")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _json(url: str) -> dict[str, dict[str, object]]:
    try:
        with urlopen(url, timeout=30) as answer:
            found: dict[str, dict[str, object]] = json.load(answer)
            return found
    except URLError:
        # No session yet is an answer with its own code.
        return {}
