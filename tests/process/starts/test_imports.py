"""What a command imports: what stops trading or answers a probe waits for no table library."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blocks.ledger.ledger import DuckDBLedger
from tests.repository import REPOSITORY

CALENDAR = {"pandas", "pandas_market_calendars", "exchange_calendars", "pyarrow"}
HEAVY = CALENDAR | {
    "polars", "numba", "llvmlite", "matplotlib", "prefect", "scipy", "empyrical", "yfinance",
    "finnhub", "alpaca", "boto3", "botocore", "azure.storage.blob", "fastapi", "uvicorn",
}  # fmt: skip
# Runs a module as `python -m` does, and tells what it imported whatever came of it.
PROGRAM = """
import runpy, sys
module, sys.argv = sys.argv[1], sys.argv[1:]
try:
    runpy.run_module(module, run_name="__main__", alter_sys=True)
except SystemExit as end:
    print(f"exit code {end.code or 0}", file=sys.stderr)
print("\\n".join(sys.modules))
"""

ACCOUNT = ("--account", "replay")


@pytest.mark.parametrize(
    ("arguments", "code", "absent"),
    [
        (("flows", "--help"), 0, HEAVY | {"pydantic", "duckdb", "numpy"}),
        (("flows", "halt", *ACCOUNT), 0, HEAVY | {"httpx", "rich"}),
        (("flows", "flatten", *ACCOUNT), 0, HEAVY | {"httpx", "rich"}),
        (("flows", "resume", *ACCOUNT), 0, HEAVY | {"httpx", "rich"}),
        (("flows", "show-status", *ACCOUNT), 0, HEAVY | {"httpx"}),
        # DuckDB tells it what the account that is there would refuse.
        (("flows", "validate-config"), 0, HEAVY | {"httpx", "rich"}),
        # The account has decided nothing yet, which is known once all is imported.
        (
            ("flows", "explain", *ACCOUNT, "--symbol", "A", "--at", "2025-06-10T14:05Z"),
            2,
            HEAVY | {"httpx", "rich"},
        ),
        (("api", "--help"), 0, HEAVY - {"fastapi", "uvicorn"}),
        # What it is for months: DuckDB comes with who asks for it.
        (("deployments", "--help"), 0, HEAVY | {"duckdb"}),
        # Nobody is up in this folder.
        (("deployments.probe",), 1, HEAVY | {"pydantic", "duckdb", "numpy"}),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else None,
)
def test_a_command_imports_only_what_it_needs(
    arguments: tuple[str, ...], code: int, absent: set[str], tmp_path: Path
) -> None:
    DuckDBLedger(tmp_path, "replay").add_command("resume", "", datetime.now(UTC))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=REPOSITORY,
        env={"DATA_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.stderr.splitlines()[-1] == f"exit code {code}", done.stderr
    modules = set(done.stdout.splitlines())
    # Otherwise nothing was told.
    assert {"sys", arguments[0].partition(".")[0]} <= modules
    assert sorted(absent & modules) == []
