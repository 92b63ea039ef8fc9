"""One line of each command that can be typed as it stands, or nearly, for its --help."""

from __future__ import annotations

_JUNE = "--symbols AAPL,MSFT --start 2025-06-02 --end 2025-06-30"
_HALF_YEAR = "--symbols AAPL,MSFT --start 2025-01-02 --end 2025-06-30"
EXAMPLES = {
    "backtest": f"{_JUNE} --out results",
    "sweep": f"{_JUNE} --grid range_minutes=5,15,30 --out swept",
    "walk-forward": (
        f"{_HALF_YEAR} --grid range_minutes=15,30 --in-sample 40 --out-of-sample 20 --rolling"
        " --out walked"
    ),
    "import-bars": "--bars aapl.csv --symbol AAPL --timezone America/New_York",
    "fetch": "--symbols AAPL,MSFT --provider yahoo",
    "run": "--replay 2025-06-10 --symbols AAPL,MSFT --speed 600",
    "show-status": "--watch",
    "validate-config": "--json",
    "check-broker": "--symbols AAPL,MSFT",
    "parity": "--last 5",
    "note-trade": "--trade 2025-06-10/3 --text 'left by hand before the news'",
    "explain": "--symbol AAPL --at 2025-06-10T14:05Z --out results",
    "runs": "--limit 10",
    "compare": "results other-results --out compared.html",
    "null-test": "--trades 1000 --set range_minutes=15",
    "look-ahead-test": f"{_JUNE} --cuts 3",
    "simulate": "--seed 5000 --faults death,disk-full",
    "transfer": "--amount 500 --note 'savings of June'",
    "halt": "--reason 'the news of tonight'",
    "flatten": "--reason 'the news of tonight'",
    "resume": "",
    "sync": "",
    "deliver": "",
    "restore": "--list",
    "demo": "--quick",
    "up": "--data-dir data",
    "service": "--data-dir data",
    "register": "--keep",
    "shell": "--data-dir data",
    "docs": "rules",
    "api": "--port 8090",
}


def example(command: str) -> str:
    """Return the end of a command's help: a line to begin with."""
    return f"example:\n  {example_line(command)}"


def example_line(command: str) -> str:
    """Return the command line itself."""
    return f"openbell {command} {EXAMPLES[command]}".rstrip()
