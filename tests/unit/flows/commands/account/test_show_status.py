"""`show-status --sql`: a ledger, also one in use, answers questions and is never changed."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import duckdb
import pytest

from blocks.account import question
from blocks.account.question import Answer
from blocks.ledger.ledger import DuckDBLedger
from flows.__main__ import main

TRADE = (
    "INSERT INTO trades VALUES ('2025-06-10', 1, 'AAPL', 'long', 10, '2025-06-10 14:05:00+00',"
    " 100.5, '2025-06-10 15:00:00+00', 101.25, 'target', 7.5, 0.7, 1.5, 'orb')"
)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    with DuckDBLedger(tmp_path, "paper").changing() as connection:
        connection.execute(TRADE)
    return tmp_path


def asked(data_dir: Path, sql: str, *more: str) -> int:
    return main(["show-status", "--data-dir", str(data_dir), "--sql", sql, *more])


def test_an_answer_is_a_table_that_is_never_cut(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = "x" * 300
    sql = f"SELECT symbol, pnl, exit_time, NULL AS none, '{wide}' AS wide FROM trades"
    assert asked(data_dir, sql) == 0
    heading, rule, row, count = capsys.readouterr().out.splitlines()
    assert heading.split() == ["symbol", "pnl", "exit_time", "none", "wide"]
    assert set(rule) == {"-", " "}
    assert row.split() == ["AAPL", "7.500000", "2025-06-10", "15:00:00", wide]
    assert count == "(1 row)"


def test_an_answer_as_json_has_numbers_and_times_that_machines_read(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(data_dir, "SELECT session, pnl, entry_time FROM trades", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "account": "paper",
        "rows": [{"session": "2025-06-10", "pnl": 7.5, "entry_time": "2025-06-10T14:05:00+00:00"}],
    }


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("DELETE FROM trades", "DELETE is no question"),
        ("DROP TABLE trades", "DROP is no question"),
        ("SET threads = 1", "SET is no question"),
        ("COPY trades TO 'out.csv'", "COPY is no question"),
        ("EXPLAIN ANALYZE COPY trades TO 'out.csv'", "disabled by configuration"),
        ("ATTACH 'other.duckdb'", "ATTACH is no question"),
        ("SELECT * FROM read_csv('/etc/passwd')", "disabled by configuration"),
        ("SELECT 1; DELETE FROM trades", "2 statements"),
        ("", "0 statements"),
        ("SELEC 1", "syntax error"),
        ("SELECT * FROM nothing", "nothing does not exist"),
        ("SELECT 'x'::INTEGER", "Could not convert"),
    ],
)
def test_what_is_no_question_is_one_line_and_changes_nothing(
    sql: str,
    complaint: str,
    data_dir: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(data_dir)
    before = (data_dir / "paper" / "ledger.duckdb").read_bytes()
    files = sorted(data_dir.rglob("*"))
    assert asked(data_dir, sql) == 2
    told = capsys.readouterr().err
    assert complaint in told
    assert len(told.strip().splitlines()) == 1
    assert (data_dir / "paper" / "ledger.duckdb").read_bytes() == before
    assert sorted(data_dir.rglob("*")) == files


def test_status_and_health_of_an_account_leave_no_file_in_its_folder(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {path: path.read_bytes() for path in (data_dir / "paper").iterdir()}
    assert main(["show-status", "--data-dir", str(data_dir)]) == 0
    assert "AAPL" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in (data_dir / "paper").iterdir()} == files


ENDLESS = "SELECT sum(a.range * b.range) FROM range(10000000) AS a, range(10000000) AS b"


def test_a_long_question_keeps_no_session_from_its_ledger(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def write_first(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer:
        DuckDBLedger(data_dir, "paper", wait_seconds=0.0).remember("a", "b")
        written.append(sql)
        return answer(connection, sql)

    answer = question._answer
    monkeypatch.setattr(question, "_answer", write_first)
    assert asked(data_dir, "SELECT 1") == 0
    assert written == ["SELECT 1"]


def test_a_question_without_an_end_is_given_up(
    data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(question, "LONGEST_SECONDS", 0.0)
    assert asked(data_dir, ENDLESS) == 2
    assert capsys.readouterr().err.startswith("error: --sql had no answer within")


def test_too_many_rows_are_told_and_no_part_is_shown(
    data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(question, "MOST_ROWS", 2)
    assert asked(data_dir, "SELECT * FROM range(2)") == 0
    assert "(2 rows)" in capsys.readouterr().out
    assert asked(data_dir, "SELECT * FROM range(3)") == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "more than 2 rows. Add LIMIT 2" in told.err


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "ended by SIGTERM")],
)
def test_a_signal_ends_a_question_with_the_usual_word(
    number: signal.Signals,
    code: int,
    word: str,
    data_dir: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    main_thread = threading.main_thread().ident
    assert main_thread is not None

    def signalled(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer:
        signal.pthread_kill(main_thread, number)
        return answer(connection, sql)

    answer = question._answer
    monkeypatch.setattr(question, "_answer", signalled)
    # What a shell starts in the background is told to ignore SIGINT.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert asked(data_dir, ENDLESS) == code
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err == f"{word}\n"
