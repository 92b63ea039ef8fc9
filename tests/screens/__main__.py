"""`make screens`: pictures of all that people see, to be looked at.

They are made of simulated bars, and every page says so. It takes some ten minutes.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from tests.repository import REPOSITORY
from tests.screens.camera import camera
from tests.screens.scenes import live_day, noon, prefect, reports

SCENES = {"reports": reports, "live": live_day, "noon": noon, "prefect": prefect}
# What the docs show, and of which picture it is.
IN_DOCS = {
    "report/desktop-light": "report",
    "noon/desktop-light": "live/desktop-light",
    "noon/phone-dark": "live/phone-dark",
    "prefect/run": "prefect-backtest",
    "prefect/session": "day/session",
    "prefect/bar": "day/bar",
    "prefect/decisions": "day/decisions",
    "prefect/positions": "day/positions",
}


def main() -> int:
    """Take the pictures; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.screens", description=__doc__)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "build" / "screens", metavar="DIR")
    parser.add_argument("--scene", choices=sorted(SCENES), action="append", help="all if left out")
    parser.add_argument("--docs", action="store_true", help="replace the pictures of the docs")
    chosen = parser.parse_args()
    taken: set[Path] = set()
    for name in chosen.scene or SCENES:
        # A browser that has just ended may still write to its profile.
        with tempfile.TemporaryDirectory(
            prefix="openbell-screens-", ignore_cleanup_errors=True
        ) as folder:
            (Path(folder) / "data").mkdir()
            with camera(Path(folder) / "browser", chosen.out) as taking:
                SCENES[name](taking, Path(folder) / "data")
            taken.update(taking.taken)
            print(f"{name}: {len(taking.taken)} pictures in {chosen.out}", flush=True)
    if chosen.docs:
        for picture, shown in IN_DOCS.items():
            found = chosen.out / f"{picture}.png"
            place = REPOSITORY / "docs" / "images" / f"{shown}.png"
            # A scene that was not asked for leaves its pictures as they are.
            if found in taken:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(found, place)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
