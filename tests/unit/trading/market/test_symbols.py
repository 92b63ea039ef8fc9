"""Symbols are asked for as people write them, and a name that a message shows can be pasted."""

from __future__ import annotations

import pytest

from trading.errors import BadInput
from trading.market.symbols import (
    parse_symbols,
    refuse_no_symbols,
    symbol_forms,
    symbol_key,
    written_symbols,
)


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("AAPL,MSFT", ("AAPL", "MSFT")),
        (" AAPL , ,MSFT, ", ("AAPL", "MSFT")),
        ("BRK B,BF/A", ("BRK B", "BF/A")),
        ('"BATS_QXA, 5",MSFT', ("BATS_QXA, 5", "MSFT")),
        ('MSFT, "BATS_QXA, 5" ', ("MSFT", "BATS_QXA, 5")),
        ('"two ""quotes"""', ('two "quotes"',)),
        ("", ()),
    ],
)
def test_symbols_are_split_at_commas_outside_quotes(text: str, symbols: tuple[str, ...]) -> None:
    assert parse_symbols(text) == symbols


@pytest.mark.parametrize("name", ["AAPL", "BRK B", "BATS_QXA, 5", 'a "b"', "QXA US Equity", "A;B"])
def test_a_name_that_a_message_shows_can_be_pasted_back(name: str) -> None:
    assert parse_symbols(written_symbols([name, "MSFT"])) == (name, "MSFT")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("AAPL;MSFT", "'AAPL;MSFT' is no symbol"),
        ("AAPL MSFT", "in quotes"),
        ("AAPL,AAPL", "AAPL is named twice"),
        ("BRK.B,BRK-B", "BRK.B is the same"),
        ('"AAPL', "is no symbol"),
        ('"AAPL"X', "is no symbol"),
        (f'"{"A" * 65}"', "is no symbol"),
        ('"A\nB"', "is no symbol"),
    ],
)
def test_what_is_no_list_of_symbols_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        parse_symbols(text)


def test_two_forms_of_one_class_are_the_same_symbol_and_other_names_are_not() -> None:
    forms = {"BRK B", "BRK.B", "BRK-B", "BRK/B"}
    assert {symbol_key(form) for form in forms} == {"BRK.B"}
    assert symbol_forms("BRK-B") == forms
    assert symbol_forms("AAPL") == {"AAPL"}
    others = ("BRKB", "BRK_B", "ES=F", "^GSPC", "AAPL", "BRK.A")
    assert len({symbol_key(name) for name in others}) == len(others)
    with pytest.raises(BadInput, match="named twice"):
        refuse_no_symbols(("BRK.B", "BRK/B"))


def test_a_name_in_small_letters_is_the_one_in_capitals_and_one_with_both_is_its_own() -> None:
    assert {symbol_key(name) for name in ("aapl", "AAPL", " aapl ")} == {"AAPL"}
    assert symbol_key("brk-b") == "BRK.B"
    assert symbol_key("BACpB") != symbol_key("BACPB")
    with pytest.raises(BadInput, match="AAPL is the same"):
        parse_symbols("AAPL,aapl")
