"""What a newcomer sees first: two commands, what came of them, and where to click."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from tests.repository import REPOSITORY


def test_the_quick_demo_says_what_it_does_and_leaves_a_report_to_click(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deployments", "demo", "--quick", "--data-dir", "a place"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for step in ("[1/2]", "[2/2]", "openbell run --replay", "openbell backtest"):
        assert step in done.stdout
    assert len(re.findall(r"^      [0-9.]+ s$", done.stdout, re.M)) == 2
    shown = re.search(r"file://(\S+)", done.stdout)
    assert shown is not None
    report = Path(url2pathname(urlsplit(shown[0]).path))
    assert report.stat().st_size > 10_000
    assert "SIMULATED" in report.read_text() or "real bars" in done.stdout
    assert "http://127.0.0.1:8085/" in done.stdout
    assert "up --data-dir" in done.stdout
