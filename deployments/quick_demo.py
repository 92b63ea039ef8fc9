"""`openbell demo --quick`: a session and a backtest in this process, without Prefect."""

from __future__ import annotations

import shlex
from pathlib import Path

from rich.console import Console

from deployments.demo import BACKTEST_DATES, REPLAYED_SESSION, demo_bars
from deployments.demo_story import Story, own_command
from flows.__main__ import main as run_command


def quick_demo(data_dir: Path, console: Console, live: str, prefect: str | None) -> int:
    """Run two commands as a user would type them, show what came of them; return the exit code.

    `live` and `prefect` are where the pages will be once they are served, as far as it is known.
    """
    bars, symbols = demo_bars()
    bars_words = f"the real bars of {Path(bars).name}" if bars else "simulated bars"
    which = ["--symbols", ",".join(symbols), *(["--bars", bars] if bars else [])]
    first, last = BACKTEST_DATES
    replay = ["run", "--replay", REPLAYED_SESSION, *which, "--data-dir", str(data_dir)]
    out = data_dir / "backtests" / "quick"
    backtest = ["backtest", *which, "--start", first, "--end", last, "--out", str(out)]
    works = [
        (f"The session of {REPLAYED_SESSION} is traded again, bar by bar, on {bars_words}", replay),
        (f"A backtest of the sessions from {first} to {last}", [*backtest, "--quiet"]),
    ]
    story = Story(console, len(works))
    for text, command in works:
        with story.step(text):
            story.say(f"      $ {own_command()} {shlex.join(command)}")
            if code := run_command(command):
                return code
    report = story.tell_results(data_dir)
    story.tell_addresses(report, live, prefect, data_dir)
    return 0
