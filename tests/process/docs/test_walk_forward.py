"""The page on walk-forward tells of its arguments."""

from __future__ import annotations

from argparse import ArgumentParser

from flows.commands.research.walk_forward import add_arguments
from tests.process.docs.pages import PAGES


def test_the_page_tells_of_each_argument_that_only_a_walk_has() -> None:
    parser = ArgumentParser()
    add_arguments(parser)
    own = ("in_sample", "out_of_sample", "step", "purge", "anchored", "rolling", "objective")
    options = [action.option_strings[0] for action in parser._actions if action.dest in own]
    assert len(options) == len(own)
    page = PAGES["docs/walk-forward.md"]
    assert [option for option in options if f"`{option}" not in page] == []
