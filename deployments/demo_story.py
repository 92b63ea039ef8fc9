"""What a demo tells: each step with the time that it took, what came of it, and where to click."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from blocks.account.status import account_status, newest_account
from flows.pages.status import print_status
from trading.counted import counted


class Story:
    """The steps of a demo on a console, numbered."""

    def __init__(self, console: Console, steps: int) -> None:
        self.console = console
        self._steps = steps
        self._begun = 0
        self._began = time.monotonic()

    def say(self, text: str = "") -> None:
        """Print a line as it is: an address must not be broken where a terminal ends."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Say what happens now, and when it is done, how long it took."""
        self._begun += 1
        began = time.monotonic()
        self.say(f"[{self._begun}/{self._steps}] {text}")
        yield
        self.say(f"      {time.monotonic() - began:.1f} s")

    def tell_results(self, data_dir: Path) -> Path | None:
        """Print what the session did and what the newest backtest found; return its report."""
        self.say()
        print_status(account_status(data_dir, newest_account(data_dir)))
        summaries = sorted((data_dir / "backtests").glob("*/summary.json"), key=_written)
        if not summaries:
            return None
        summary = json.loads(summaries[-1].read_text())
        figures = summary["summary"]
        sessions = counted(summary["sessions"]["count"], "session")
        self.say(
            f"Backtest over {sessions} of {summary['source']}:"
            f" {counted(figures['trades'], 'trade')}, {figures['total_pnl']:+,.2f} USD. The"
            " defaults are no advice: they are there to be changed"
        )
        return summaries[-1].parent / "report.html"

    def tell_addresses(
        self, report: Path | None, live: str, prefect: str | None, served_from: Path | None
    ) -> None:
        """Print the addresses.

        `prefect` is None where its port is not chosen yet; `served_from` is the data folder whose
        pages have to be served first, None while they answer.
        """
        self.say(f"\nThis took {time.monotonic() - self._began:.0f} s. Open in a browser:")
        if report is not None:
            self.say(f"  the backtest's report   {report.absolute().as_uri()}")
        if served_from is not None:
            command = [own_command(), "up", "--data-dir", str(served_from)]
            self.say(f"and, while this runs:  {shlex.join(command)}")
        self.say(f"  the live page           {live}")
        self.say(f"  every run, in Prefect   {prefect or 'it prints the address'}")


def own_command() -> str:
    """Return how this shell calls Openbell: by its path, where its environment is not active."""
    beside = Path(sys.executable).with_name("openbell")
    if shutil.which("openbell") or not beside.exists():
        return "openbell"
    inside = beside.is_relative_to(Path.cwd())
    return str(beside.relative_to(Path.cwd()) if inside else beside)


def _written(path: Path) -> float:
    return path.stat().st_mtime
