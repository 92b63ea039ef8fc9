"""What `make test` leaves for `make soak`: `left_for_soak.toml`, by the tests' names."""

from __future__ import annotations

import tomllib
from pathlib import Path

_READ = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
# The rows that stay, by test; and by each test that is left, the test or file that stays for it.
KEPT_ROWS: dict[str, list[str]] = _READ["kept-rows"]
KEPT_BY: dict[str, str] = _READ["kept-by"]


def is_left(nodeid: str) -> bool:
    """Return whether `make test` leaves this test, or this row of it, for `make soak`."""
    test, has_rows, row = nodeid.partition("[")
    if test in KEPT_BY:
        return True
    return bool(has_rows) and test in KEPT_ROWS and row.removesuffix("]") not in KEPT_ROWS[test]
