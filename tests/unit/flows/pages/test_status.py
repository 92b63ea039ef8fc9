"""An account's status on the terminal: what matters first, whole, and in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from blocks.account.status import AccountStatus
from blocks.records.position import Position
from blocks.records.trade import Trade
from flows.__main__ import main
from flows.pages.status import print_health, print_status

BAR = datetime(2025, 6, 10, 18, 25, tzinfo=UTC)


def held(symbol: str, mark: str) -> Position:
    return Position(
        symbol=symbol, quantity=9, entry_time=BAR, entry_price=Decimal(200), mark=Decimal(mark)
    )


def trade(number: int) -> Trade:
    return Trade.model_validate(
        {
            "session": date(2025, 6, 10), "trade_id": str(number), "status": "closed",
            "symbol": f"T{number}", "side": "long",
            "quantity": 3, "entry_time": BAR, "entry_price": Decimal("601.54"),
            "exit_time": BAR + timedelta(minutes=5), "exit_price": Decimal("599.92"),
            "exit_reason": "stop", "pnl": Decimal("-1234.5"), "pnl_pct": -0.5, "r_multiple": -1.23,
            "strategy": "orb",
        }
    )  # fmt: skip


def status(**changed: object) -> AccountStatus:
    told: dict[str, object] = {
        "account": "paper", "equity": 10_040.44, "last_bar": BAR,
        "positions": [held("GOOD", "210"), held("POOR", "190")], "orders": [],
        "trades": [trade(number) for number in range(30)],
        "halts": [{"command": "halt", "ts": "2025-06-10T14:00:00+00:00", "reason": "[news] first"}],
        "plan_changes": [], "transfers": [],
        "messages": {"refused": None, "waiting": 0, "dead": []}, "gate": {},
    }  # fmt: skip
    return AccountStatus(**{**told, **changed})  # type: ignore[arg-type]


def test_tables_are_whole_on_a_narrow_terminal_with_what_matters_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    print_status(status())
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "paper: equity 10,040.44 USD at the close of bar 2025-06-10 18:25 UTC"
    assert lines[1] == "HALTED by halt since 2025-06-10 14:00 UTC: [news] first"
    words = [line.split() for line in lines if line]
    first = [row[0] for row in words]
    assert first.index("POOR") < first.index("GOOD")
    assert "Trades, the newest 20 of 30, times in UTC:" in lines
    trades = [row for row in words if row[0] == "06-10"]
    assert [row[1] for row in trades] == [f"T{number}" for number in range(29, 9, -1)]
    assert trades[0][-3:] == ["stop", "-1,234.50", "-1.23"]


@pytest.mark.parametrize(
    ("account", "is_simulated", "name"),
    [
        ("paper", True, "paper (SIMULATED bars)"),
        ("alpaca-live", False, "alpaca-live (REAL MONEY)"),
        ("alpaca-paper", False, "alpaca-paper"),
    ],
)
def test_play_is_never_taken_for_real_nor_real_money_for_play(
    account: str, is_simulated: bool, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_status(status(account=account, has_simulated_bars=is_simulated))
    assert capsys.readouterr().out.startswith(f"{name}: equity 10,040.44 USD")


def test_an_account_without_a_bar_says_so_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    empty = status(equity=None, last_bar=None, positions=[], trades=[], halts=[])
    print_status(empty)
    assert capsys.readouterr().out.splitlines() == [
        "paper: no bar was traded yet, and there is no equity",
        "Positions: none",
        "Orders: none",
        "Trades: none",
    ]


def test_what_is_worst_is_told_first_and_since_when_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    since = "2025-06-10T14:00:00+00:00"
    found = {"status": "degraded", "reason": "halt since noon", "since": since, "hint": "Resume"}
    worse = {"status": "unhealthy", "reason": "no room", "since": since, "hint": "Make room"}
    well = {"status": "healthy", "reason": "", "since": None, "hint": ""}
    parts = {"trading": found, "memory": well, "disk": worse}
    print_health({"status": "unhealthy", "components": parts})
    assert capsys.readouterr().out.splitlines() == [
        "Health: unhealthy",
        "  disk: no room since 2025-06-10 14:00 UTC. Make room",
        "  trading: halt since noon. Resume",
    ]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["bactest"], "there is no command 'bactest'. Did you mean backtest?"),
        (["transfer"], "--amount is missing. See openbell transfer --help"),
        (
            ["halt", "--acount=paper"],
            "there is no option --acount. Did you mean --account? See openbell halt --help",
        ),
        (
            ["resume", "--everything", "now"],
            "there is no option --everything. See openbell resume --help",
        ),
        (["null-test", "--trades", "0"], "0 trades show nothing. Ask for 2 at least, or thousands"),
        (["explain"], "--symbol and --at are missing. See openbell explain --help"),
    ],
)
def test_a_slip_at_the_terminal_is_told_in_one_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"error: {complaint}\n"
