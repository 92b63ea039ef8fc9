"""A cookie holds for a week, for one token, and is made by nobody who has not got it."""

from __future__ import annotations

import pytest

from api.page.cookie import NAME, VALID_SECONDS, is_valid, make_value, name_at, set_header, value_in

TOKEN, NOW = "letters-and-digits-4711", 1_700_000_000


def test_it_holds_for_its_time_and_for_its_token() -> None:
    value = make_value(TOKEN, NOW)
    assert is_valid(value, TOKEN, NOW + VALID_SECONDS - 1)
    assert not is_valid(value, TOKEN, NOW + VALID_SECONDS)
    assert not is_valid(value, TOKEN + "x", NOW)
    assert TOKEN not in value


@pytest.mark.parametrize(
    "value",
    ["", ".", "x.y", f"{NOW + 9}.", f"{NOW + 9}.0", "9" * 5000 + ".0", "\u0663.0", f"-{NOW}.0"],
)
def test_what_nobody_signed_is_nothing(value: str) -> None:
    assert not is_valid(value, TOKEN, NOW)


def test_a_longer_time_needs_another_signature() -> None:
    until, _, signature = make_value(TOKEN, NOW).partition(".")
    assert not is_valid(f"{int(until) + 1}.{signature}", TOKEN, NOW)


@pytest.mark.parametrize(
    "other", ['prefs={"a": 1}', "a b=c", 'x="a b', "domain=1", "no-value", "x[a]=1", "\u00fc=1"]
)
def test_what_another_port_of_this_machine_keeps_in_a_browser_hides_it_not(other: str) -> None:
    for header in (f"{other}; {NAME}=1.2", f"{NAME}=1.2; {other}"):
        assert value_in(header, NAME) == "1.2"


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1:8085", f"{NAME}-8085"),
        ("[::1]:9001", f"{NAME}-9001"),
        ("trader.lan", NAME),
        ("[::1]", NAME),
        ("", NAME),
        ("trader.lan:x;y=z", NAME),
    ],
)
def test_each_port_of_a_machine_has_a_name_of_its_own(host: str, name: str) -> None:
    assert name_at(host) == name


def test_it_is_found_among_others_and_no_script_reads_it() -> None:
    assert value_in(f"a=b; {NAME}=1.2; c=d", NAME) == "1.2"
    assert value_in("a=b", NAME) == value_in("", NAME) == ""
    assert value_in(f"{NAME}x=1; x{NAME}=1; {NAME}-9001=1", NAME) == ""
    header = set_header(NAME, "1.2")
    assert "HttpOnly" in header
    assert "SameSite=Strict" in header
