"""QuantStats' page of a run: the tear sheet that other tools show, made without any network."""

from __future__ import annotations

import io
import logging
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from blocks.report.run import ReportRun
from trading.backtest.performance import Summary
from trading.errors import BadInput

# QuantStats draws distributions and monthly tables, which fewer days do not fill.
FEWEST_SESSIONS = 20
# It names an icon that a browser would fetch; with this policy none of its kind is fetched.
_ICON = re.compile(r"<link[^>]*icon[^>]*>")
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
    " img-src data:; style-src 'unsafe-inline'\">"
    '<link rel="icon" href="data:,">'
)


def refuse_tear_sheet(sessions: int) -> None:
    """Raise BadInput where QuantStats is not installed, or a run is too short for its page."""
    if find_spec("quantstats") is None:
        raise BadInput(
            "a tear sheet needs the package quantstats, which is not installed",
            f"Install it: {sys.executable} -m pip install 'quantstats>=0.0.81'",
        )
    if sessions < FEWEST_SESSIONS:
        raise BadInput(
            f"a tear sheet needs {FEWEST_SESSIONS} sessions, and this run has {sessions}",
            "Give more sessions, or leave --tear-sheet out: report.html has any number",
        )


def why_no_tear_sheet(summary: Summary) -> str | None:
    """Return why QuantStats can make no page of a run, None where it can."""
    returns = np.array(summary.session_returns)
    if not np.isfinite(returns).all() or (returns <= -1).any():
        return "no tear-sheet.html is written: the account lost all it had"
    if np.ptp(returns) == 0:
        return "no tear-sheet.html is written: every session returned the same"
    return None


def tear_sheet_of(run: ReportRun) -> bytes:
    """Return QuantStats' page of a run's session returns, against its benchmark's if it has one."""
    returns = np.array(run.summary.session_returns)
    with _quiet(), tempfile.TemporaryDirectory() as folder:
        # Brought along here: pandas, scipy and matplotlib take longer than most backtests.
        import matplotlib as mpl

        mpl.use("Agg")
        import pandas as pd
        from quantstats import reports

        days = pd.DatetimeIndex([session.date for session in run.sessions])
        held = None
        if run.benchmark is not None:
            # A series, and never a name: of a name QuantStats downloads the prices.
            held = pd.Series(run.benchmark.session_returns(), days, name=run.benchmark.name)
        path = Path(folder) / "page.html"
        reports.html(
            pd.Series(returns, days, name=run.plan.strategy_name),
            benchmark=held,
            title=_title(run),
            strategy_title=run.plan.strategy_name,
            output=str(path),
            match_dates=False,
            benchmark_title=None if run.benchmark is None else run.benchmark.name,
        )
        page = path.read_text(encoding="utf-8")
    return _ICON.sub("", page).replace("<head>", f"<head>{_POLICY}", 1).encode()


def _title(run: ReportRun) -> str:
    simulated = "SIMULATED: " if run.is_simulated else ""
    return f"{simulated}{run.plan.strategy_name}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what QuantStats and its packages say of fonts and of their own calls to themselves."""
    fonts = logging.getLogger("matplotlib.font_manager")
    level = fonts.level
    fonts.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        fonts.setLevel(level)
