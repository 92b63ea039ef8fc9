"""Logs: two forms, files that rotate under several writers, and secrets in none of them."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks.process import logs
from blocks.process.logs import SharedRotatingFile, get_logger, install_logs, log_with_context
from blocks.process.secret_mask import MASK, SecretMask

KEY = "pl4nted+key/with=signs"
HOOK = "https://discord.com/api/webhooks/123456/tok3n-PLANTED_tok3n"
AZURE = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=PLANTEDaccountkey==;X=y"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[io.StringIO]:
    output = io.StringIO()
    MASK.learn([KEY, HOOK, AZURE])
    install_logs(tmp_path, "DEBUG", environment="testing", console=output)
    yield output
    install_logs(None, console=None)


def lines_of(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "logs" / "openbell.jsonl").open()]


def test_a_line_has_its_context_in_both_forms(console: io.StringIO, tmp_path: Path) -> None:
    log_with_context(get_logger("desk"), "warning", "order refused", symbol="AAPL", name="x", n=3)
    (line,) = lines_of(tmp_path)
    assert line["level"] == "WARNING"
    assert line["logger"] == "openbell.desk"
    assert line["message"] == "order refused"
    assert line["context"] == {"symbol": "AAPL", "name": "x", "n": 3}
    assert line["environment"] == "testing"
    assert str(line["time"]).endswith("+00:00")
    assert "WARNING openbell.desk order refused symbol=AAPL name=x n=3" in console.getvalue()


def test_no_secret_reaches_a_log_in_any_form(console: io.StringIO, tmp_path: Path) -> None:
    logger = get_logger("test")
    quoted = "pl4nted%2Bkey%2Fwith%3Dsigns"
    logger.info("key %s", KEY)
    logger.info(f"GET https://finnhub.io/api/v1/quote?symbol=A&token={quoted}")
    logger.info("another's https://x.io/?apikey=UNKNOWNKEYPLANTED&b=1")
    logger.info("%s and %s", HOOK, "https://discord.com/api/v10/webhooks/9/PLANTEDother")
    logger.info("dict %s", {"AccountKey": "PLANTEDaccountkey=="})
    log_with_context(logger, logging.ERROR, "context", key=KEY, nested={"a": [HOOK]})
    logger.info("extra", extra={"url": HOOK})
    try:
        raise ValueError(f"cannot use {KEY}")
    except ValueError:
        logger.exception("failed with %s", KEY)
    # A logger of another package, with a handler of its own.
    logging.getLogger("httpx").warning("request to %s", HOOK)
    logger.info("%d values for %s", KEY)
    shown = console.getvalue() + (tmp_path / "logs" / "openbell.jsonl").read_text()
    assert shown.count("\n") > 20
    for secret in (KEY, quoted, "PLANTED"):
        assert secret not in shown
    assert "symbol=A&token=********" in shown
    assert "ValueError: cannot use ********" in shown


def test_a_record_without_secrets_is_left_as_it_is() -> None:
    record = logging.makeLogRecord({"msg": "%s of %d", "args": ("AAPL", 3)})
    assert logs.MaskingFilter().filter(record)
    assert (record.msg, record.args) == ("%s of %d", ("AAPL", 3))


def test_words_that_are_too_short_are_no_secrets() -> None:
    mask = SecretMask()
    mask.learn(["a", ""])
    assert mask.text("a cat") == "a cat"


def test_files_rotate_and_old_ones_go(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "a.jsonl"
    handler = SharedRotatingFile(path, maxBytes=2000, backupCount=5, delay=True)
    for number in range(400):
        handler.emit(logging.makeLogRecord({"msg": f"line {number:04} " + "x" * 40}))
    handler.close()
    files = sorted(path.parent.glob("a.jsonl*"))
    assert [f.name for f in files if not f.name.endswith(".lock")] == [
        "a.jsonl", "a.jsonl.1", "a.jsonl.2", "a.jsonl.3", "a.jsonl.4", "a.jsonl.5",
    ]  # fmt: skip
    assert all(f.stat().st_size <= 2000 for f in files)
    assert "line 0399" in path.read_text()


WRITER = """
import logging, sys
from blocks.process.logs import SharedRotatingFile
handler = SharedRotatingFile(sys.argv[1], maxBytes=20000, backupCount=50, delay=True)
for number in range(1500):
    handler.emit(logging.makeLogRecord({"msg": f"{sys.argv[2]} {number} " + "x" * 40}))
"""


def test_processes_that_share_a_file_lose_no_line_when_it_rotates(tmp_path: Path) -> None:
    path = tmp_path / "shared.jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in ("a", "b")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    text = "".join(p.read_text() for p in tmp_path.glob("shared.jsonl*") if p.suffix != ".lock")
    for name in ("a", "b"):
        seen = [line.split()[1] for line in text.splitlines() if line.startswith(f"{name} ")]
        assert sorted(map(int, seen)) == list(range(1500))


def test_a_folder_that_cannot_be_written_is_said_once_and_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("a file stands in the way")
    install_logs(tmp_path, console=None)
    for _ in range(3):
        get_logger("test").info("goes on")
    install_logs(None, console=None)
    said = capsys.readouterr().err
    assert said.count("warning: no logs in") == 1
    assert len(said.splitlines()) == 1
