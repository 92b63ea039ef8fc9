"""A form asks for its values, for a ruleset's where they say nothing, and for a user's own file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prefect.utilities.callables import parameter_schema
from pydantic import TypeAdapter, ValidationError

from blocks.settings.app_settings import AppSettings
from flows.backtest import backtest
from flows.checks import look_ahead_test, null_test
from flows.session.asked_in_form import Asked, FormValues, asked_in_form
from flows.trade import trade_session
from tests.unit.trading import coin_side
from trading.parameters import FillParameters, GateParameters, RiskParameters
from trading.plan import BUILT_IN, make_plan
from trading.strategies.orb_parameters import OrbParameters
from trading.strategy_choice import AnyStrategy, OwnStrategy

ORB = OrbParameters().model_dump(mode="json")
GROUPS: dict[str, dict[str, Any]] = {
    "risk": RiskParameters().model_dump(mode="json"),
    "fills": FillParameters().model_dump(mode="json"),
    "gate": GateParameters().model_dump(mode="json"),
}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    for folder in ("strategies", "rulesets"):
        (tmp_path / folder).mkdir()
    (tmp_path / "strategies" / "side.py").write_text(Path(coin_side.__file__).read_text())
    (tmp_path / "rulesets" / "sided.yaml").write_text(
        "strategy: {strategy: side, distance: 0.5, max_entries: 3}\nsymbols: [KO]\n"
    )
    return tmp_path


def asked(data_dir: Path, strategy: dict[str, Any] = ORB, **more: Any) -> Asked:
    form = FormValues(**{"strategy": strategy, "groups": GROUPS, **more})
    return asked_in_form(form, AppSettings(), data_dir)


def test_without_a_ruleset_every_value_of_the_form_counts(data_dir: Path) -> None:
    found = asked(data_dir).required()
    assert found.strategy_module is None
    assert found.settings == {**ORB, **GROUPS["risk"], **GROUPS["fills"], **GROUPS["gate"]}
    assert (found.symbols, found.interval_minutes) == (("AAPL", "MSFT", "QQQ", "SPY"), 5)


def test_a_ruleset_counts_where_the_form_stands_at_its_defaults(data_dir: Path) -> None:
    groups = {**GROUPS, "risk": {**GROUPS["risk"], "max_shares": 7}}
    found = asked(
        data_dir, {**ORB, "min_body": 0.25}, groups=groups, ruleset="conservative"
    ).required()
    assert found.symbols == ("QQQ", "SPY")
    plan = make_plan(found.symbols, found.settings).describe()
    # Of the form, of the ruleset, and of neither.
    assert (plan["strategy"]["min_body"], plan["risk"]["max_shares"]) == (0.25, 7)
    assert (plan["strategy"]["trailing"], plan["risk"]["max_position_pct"]) == ("stepped", 1.0)
    assert plan["fills"] == GROUPS["fills"]
    assert asked(data_dir, symbols=("KO",), ruleset="conservative").symbols == ("KO",)


def test_a_file_of_ones_own_is_found_by_its_name_in_the_form_and_in_a_ruleset(
    data_dir: Path,
) -> None:
    own = {"strategy": "file", "file": "side", "parameters": {"distance": 0.25}}
    found = asked(data_dir, own).required()
    assert found.strategy_module is not None
    plan = make_plan(found.symbols, found.settings, strategy_module=found.strategy_module)
    assert plan.describe()["strategy"]["distance"] == 0.25
    both = asked(data_dir, own, ruleset="sided").required()
    assert (both.settings["distance"], both.settings["max_entries"]) == (0.25, 3)
    by_ruleset = asked(data_dir, ruleset="sided").required()
    assert by_ruleset.strategy_module is not None
    assert (by_ruleset.settings["distance"], by_ruleset.symbols) == (0.5, ("KO",))


@pytest.mark.parametrize(
    ("strategy", "ruleset", "complaint"),
    [
        (ORB, "prodction", "Did you mean production?"),
        ({"strategy": "file", "file": "sde", "parameters": {}}, None, "Did you mean side?"),
        (
            {"strategy": "file", "file": "side", "parameters": {}},
            "production",
            "strategy is side, and ruleset production is of orb. Empty the field ruleset, or choose"
            " orb under strategy",
        ),
        ({**ORB, "range_minutes": 15}, "sided", "strategy is orb, and ruleset sided is of side"),
    ],
)
def test_what_cannot_be_is_kept_for_whoever_looks_after_what_is_held(
    strategy: dict[str, Any], ruleset: str | None, complaint: str, data_dir: Path
) -> None:
    found = asked(data_dir, strategy, ruleset=ruleset)
    assert found.unfit is not None
    assert complaint in str(found.unfit)


@pytest.mark.parametrize("flow", [trade_session, backtest, null_test, look_ahead_test])
def test_a_form_offers_every_built_in_strategy_and_a_file_by_their_names(flow: Any) -> None:
    schema = parameter_schema(flow).model_dump(mode="json")
    strategy = schema["properties"]["strategy"]
    # Prefect's page draws anyOf, and nothing of oneOf.
    assert "oneOf" not in strategy
    names = [each["$ref"].rpartition("/")[2] for each in strategy["anyOf"]]
    titles = [schema["definitions"][name]["title"] for name in names]
    assert titles == [*BUILT_IN, "file"]
    assert "ruleset" in schema["properties"]


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_strategy_is_read_from_its_own_fields(name: str) -> None:
    values = BUILT_IN[name].Parameters().model_dump(mode="json")
    read = TypeAdapter(AnyStrategy).validate_python(values)
    assert type(read) is BUILT_IN[name].Parameters
    assert read.model_dump(mode="json") == values


def test_parameters_without_a_strategy_are_the_breakouts_as_they_always_were() -> None:
    read = TypeAdapter(AnyStrategy).validate_python({"range_minutes": 15})
    assert read == OrbParameters(range_minutes=15)


@pytest.mark.parametrize(
    "file", ["", "a b", "../secrets", "orb", "file", "mine/other", ".hidden", "9lives"]
)
def test_a_file_is_named_by_a_plain_word_that_is_none_of_ours(file: str) -> None:
    with pytest.raises(ValidationError, match=r"name a file of STRATEGIES_DIR|is a name of ours"):
        OwnStrategy(file=file)
