"""The one command: a word that is none is told which may be meant, of all that there are."""

from __future__ import annotations

import pytest

from deployments.openbell import API, SERVING, main
from flows.__main__ import COMMANDS


def said(word: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("sys.argv", ["openbell", word])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == (0 if word == "help" else 2)
    captured = capsys.readouterr()
    return captured.out + captured.err


@pytest.mark.parametrize(
    ("word", "meant"),
    [("dcos", "docs"), ("apy", "api"), ("Demo", "demo"), ("flatt", "flatten"), ("Run", "run")],
)
def test_a_slip_of_the_pen_is_understood(
    word: str, meant: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(word, capsys, monkeypatch) == (
        f"error: there is no command '{word}'. Did you mean {meant}?\n"
    )


@pytest.mark.parametrize(
    "word", ["frobnicate", "../backtest", "flows.commands.account.run", "\u00fcbersicht"]
)
def test_any_other_word_is_told_them_all(
    word: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(word, capsys, monkeypatch)
    assert text.startswith(f"error: there is no command {word!r}. Use one of: ")
    assert text.count("\n") == 1
    assert set(text.strip().partition("one of: ")[2].split(", ")) == {*COMMANDS, *SERVING, *API}


def test_who_asks_for_help_is_not_told_to_halt(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said("help", capsys, monkeypatch)
    for name in (*COMMANDS, *SERVING, *API):
        assert f"\n  {name} " in text
