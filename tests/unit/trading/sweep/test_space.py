"""What --grid says: values, combinations, and some of them drawn."""

from __future__ import annotations

from decimal import Decimal
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import create_model

from trading.errors import BadInput
from trading.parameters import StrategyParameters
from trading.strategies import orb
from trading.sweep.parameter_names import settled
from trading.sweep.space import MOST_SETS, Space, all_sets, drawn_sets, parse_space

VALUES = [
    ("range_minutes=5,15,30", [5, 15, 30]),
    ("min_body=0:0.8:0.1", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]),
    ("min_body=-1:1:0.5", [-1.0, -0.5, 0.0, 0.5, 1.0]),
    # The high end is a value only where the step leads to it.
    ("min_body=0:1:0.3", [0.0, 0.3, 0.6, 0.9]),
    ("max_positions=1:3:1", [1, 2, 3]),
    # Numbers are held as the parameter holds them, so that a table has one type.
    ("target_multiple=1:3:1", [1.0, 2.0, 3.0]),
    ("target_multiple=1,2.5", [1.0, 2.5]),
    ("range_minutes=5.0, 15.0", [5, 15]),
    ("stop=range, atr", ["range", "atr"]),
    ("allow_short=true,FALSE", [True, False]),
    ("trail_steps=[[2,1]],[[2,1],[3,2]]", [[[2, 1]], [[2, 1], [3, 2]]]),
    ("symbols=AAPL+MSFT,NVDA", [("AAPL", "MSFT"), ("NVDA",)]),
    ("interval=5,15", [5, 15]),
    ("interval_minutes=5,15", [5, 15]),
]
REFUSED = [
    ((), "nothing is swept"),
    (("range_minutes",), "is not name=values"),
    (("=5,15",), "is not name=values"),
    (("range_minutes=",), "names no value"),
    (("range_minutes=5,,15",), "a value is empty"),
    (("range_minutes=5,5",), "names 5 twice"),
    (("target_multiple=1,1.0",), "names 1 twice"),
    (("range_minutes=5:1:1",), "runs from high to low"),
    (("range_minutes=1:5:0",), "leads nowhere"),
    (("range_minutes=1:5:-1",), "leads nowhere"),
    (("min_body=nan:1:0.1",), "no number of a range"),
    (("min_body=0:inf:0.1",), "no number of a range"),
    (("min_body=0:1:1e-300",), "finer than any parameter"),
    (("min_body=a:b:c",), "'a' is no number"),
    (("min_body=0:0.8",), "min_body=0:0.8:0.08"),
    (("range_minutes=15:60",), "range_minutes=15:60:4;"),
    (("min_body=0:1:0.1:9",), "is no range"),
    (("min_body=NaN,0",), "finite number"),
    (("min_body=2,3",), "less than or equal to 1"),
    (("range_minutes=5,abc",), "valid integer"),
    (("range_minutes=0.5:2:0.5",), "valid integer"),
    (("stop=range,nowhere",), "'range', 'atr', 'daily_atr' or 'percent'"),
    (("range_minuts=5",), "Did you mean range_minutes?"),
    (("interval=7",), "no bar length"),
    (("symbols=A++B",), "a name is empty"),
    (("symbols=A+A",), "--grid symbols=A+A: symbol A is named twice"),
    (("strategy=orb,gap_fade",), "another --out"),
    (("interval=5", "interval_minutes=15"), "are one thing"),
    (("min_body=0", "min_body=0.5"), "given twice"),
]


def space_of(*grid: str) -> Space:
    return settled(parse_space(grid), orb)


@pytest.mark.parametrize(("said", "values"), VALUES)
def test_values_are_those_that_were_said(said: str, values: list[object]) -> None:
    found = list(space_of(said).dimensions[0].values())
    assert found == values
    assert list(map(type, found)) == list(map(type, values))


@pytest.mark.parametrize(("grid", "said"), REFUSED)
def test_what_cannot_be_swept_is_one_line_that_says_why(grid: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadInput) as error:
        list(all_sets(space_of(*grid)))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@given(
    low=st.decimals(-100, 100, places=3),
    step=st.decimals("0.001", 10, places=3),
    steps=st.integers(0, 50),
)
def test_a_range_has_both_ends_and_no_error_of_rounding(
    low: Decimal, step: Decimal, steps: int
) -> None:
    high = low + steps * step
    values = list(parse_space([f"x={low:f}:{high:f}:{step:f}"]).dimensions[0].values())
    assert [Decimal(str(value)) for value in values] == [low + i * step for i in range(steps + 1)]


def test_sets_are_numbered_in_the_order_of_the_grid_the_last_values_changing_first() -> None:
    sets = list(all_sets(space_of("range_minutes=5,15", "stop=range,atr")))
    assert [each.number for each in sets] == [0, 1, 2, 3]
    assert [tuple(each.values.values()) for each in sets] == [
        (5, "range"), (5, "atr"), (15, "range"), (15, "atr"),
    ]  # fmt: skip


def test_a_grid_with_too_many_sets_is_refused_with_their_number_and_what_to_do() -> None:
    space = parse_space([f"p{i}=1:1000:1" for i in range(3)])
    with pytest.raises(BadInput, match=r"1,000,000,000 sets.*--random"):
        all_sets(space)


def test_some_of_a_trillion_sets_are_drawn_without_building_them() -> None:
    space = parse_space([f"p{i}=1:1000:1" for i in range(6)])
    drawn = list(drawn_sets(space, 500, 1))
    assert space.size == 10**18
    assert len({tuple(each.values.values()) for each in drawn}) == 500
    assert drawn == list(drawn_sets(space, 500, 1))
    assert drawn != list(drawn_sets(space, 500, 2))


@pytest.mark.parametrize("wanted", [0, -1, MOST_SETS + 1])
def test_a_number_of_sets_that_cannot_be_drawn_is_refused(wanted: int) -> None:
    with pytest.raises(BadInput, match=f"--random {wanted}"):
        drawn_sets(space_of("range_minutes=5,15"), wanted, 1)


def test_all_sets_are_run_where_they_are_fewer_than_are_to_be_drawn() -> None:
    space = space_of("range_minutes=5,15,30")
    assert list(drawn_sets(space, 10, 1)) == list(all_sets(space))


@given(seed=st.integers(0, 2**64), wanted=st.integers(1, 30))
def test_sets_that_are_drawn_are_different_ones_of_the_grid_in_its_order(
    seed: int, wanted: int
) -> None:
    space = parse_space(["a=1:5:1", "b=1:6:1"])
    everything = [dict(each.values) for each in all_sets(space)]
    places = [everything.index(dict(each.values)) for each in drawn_sets(space, wanted, seed)]
    assert len(places) == wanted
    assert places == sorted(set(places))


def test_each_set_is_as_likely_to_be_drawn_as_any_other() -> None:
    space = parse_space(["a=1:10:1"])
    counts = dict.fromkeys(range(1, 11), 0)
    for seed in range(4000):
        for each in drawn_sets(space, 3, seed):
            counts[each.values["a"]] += 1
    # 1,200 each are expected, with a standard deviation of 29.
    assert all(1050 < count < 1350 for count in counts.values()), counts


@pytest.mark.parametrize("name", ["interval", "symbols", "set_number", "trades", "sharpe"])
def test_a_parameter_that_is_called_as_something_else_in_a_sweep_is_refused(name: str) -> None:
    own = ModuleType("own")
    own.Parameters = create_model("Parameters", __base__=StrategyParameters, **{name: (float, 1.0)})

    with pytest.raises(BadInput, match=f"--grid {name}: the strategy has a parameter of that name"):
        settled(parse_space([f"{name}=15,30"]), own)
