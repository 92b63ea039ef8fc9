"""Who types `openbell` alone, or a wrong name, sees what there is, on a small terminal too."""

from __future__ import annotations

import sys

import pytest

from deployments.openbell import API, SERVING, main
from deployments.pages import show_page
from flows.commands.names import COMMANDS


def called(monkeypatch: pytest.MonkeyPatch, *words: str) -> int | str | None:
    """Return the exit code of `openbell` and these words."""
    monkeypatch.setattr(sys, "argv", ["openbell", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.parametrize(
    ("slip", "meant"), [("demmo", "demo"), ("doc", "docs"), ("bactest", "backtest")]
)
def test_a_slip_of_any_command_is_told_the_one_that_was_meant(
    slip: str, meant: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, slip) == 2
    told = capsys.readouterr().err
    assert told == f"error: there is no command '{slip}'. Did you mean {meant}?\n"


def test_a_name_that_is_near_none_is_told_all_of_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "dashboard") == 2
    told = capsys.readouterr().err
    assert told.endswith(f"Use one of: {', '.join((*COMMANDS, *SERVING, *API))}\n")


@pytest.mark.parametrize("columns", [60, 80])
def test_the_lists_of_commands_and_of_pages_fit_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    called(monkeypatch)
    usage, *commands = capsys.readouterr().out.splitlines()
    assert len(usage) <= 80
    show_page(None)
    pages = capsys.readouterr().out.splitlines()
    assert max(map(len, (*commands, *pages))) <= columns
    words = " ".join(" ".join(commands).split())
    for name, text in (COMMANDS | SERVING | API).items():
        assert f" {name} {text}" in words


def test_in_a_pipe_each_page_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(sys, "__stdout__", None)
    show_page(None)
    lines = capsys.readouterr().out.splitlines()
    assert all(line.split("  ")[0] for line in lines)
    assert any(len(line) > 80 for line in lines)
