"""The example at the end of each command's help."""

from __future__ import annotations

import argparse
import importlib
import shlex

import pytest

import api.__main__
import deployments.__main__
from deployments.openbell import API, SERVING
from flows.__main__ import parser_of
from flows.commands.examples import example_line
from flows.commands.names import COMMANDS, MODULES


@pytest.mark.parametrize("name", [*COMMANDS, *SERVING, *API])
def test_the_example_of_a_commands_help_is_a_line_that_the_command_takes(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    program, command, *words = shlex.split(example_line(name))
    assert (program, command) == ("openbell", name)
    parser, before = _parser(name)
    parser.parse_args([*before, *words])
    with pytest.raises(SystemExit):
        parser.parse_args([*before, "--help"])
    assert f"example:\n  {example_line(name)}\n" in capsys.readouterr().out


def _parser(name: str) -> tuple[argparse.ArgumentParser, list[str]]:
    """Return the parser of a command, and what comes before its arguments."""
    if name in COMMANDS:
        command = importlib.import_module(MODULES[name])
        return parser_of(name, command), []
    if name in API:
        return api.__main__.arguments_parser(), []
    return deployments.__main__.arguments_parser(), [name]
