"""A ruleset is found by its name and says what it says, or every wrong key of it is a line."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from blocks.rulesets.reader import SHIPPED, look_at_ruleset, read_ruleset, ruleset_names
from trading.errors import BadInput
from trading.plan import make_plan

OURS = (
    "conservative",
    "exp073_paper_burn_in",
    "production",
    "production_no_tp",
    "production_optimized",
    "stocks_in_play",
)


def written(data_dir: Path, name: str, text: str) -> None:
    (data_dir / "rulesets").mkdir(exist_ok=True)
    (data_dir / "rulesets" / f"{name}.yaml").write_text(text)


def complaints(data_dir: Path, text: str) -> list[str]:
    written(data_dir, "mine", text)
    ruleset, wrong = look_at_ruleset("mine", data_dir)
    assert (ruleset is None) == bool(wrong)
    start = f"ruleset {data_dir / 'rulesets' / 'mine.yaml'}"
    assert all(str(each).startswith(start) for each in wrong)
    return [str(each).removeprefix(start).removeprefix(":").strip() for each in wrong]


def test_every_ruleset_that_ships_is_a_plan_on_bars_of_its_interval(tmp_path: Path) -> None:
    assert set(OURS) <= set(ruleset_names(tmp_path))
    for name in ruleset_names(tmp_path):
        ruleset = read_ruleset(name, tmp_path)
        values = {"strategy": ruleset.strategy, **ruleset.parameters}
        for group in ruleset.groups.values():
            values |= group
        minutes = ruleset.interval_minutes or 5
        make_plan(ruleset.symbols or ("AAPL",), values, interval_minutes=minutes)
        assert ruleset.description
        assert ruleset.name == name


def test_rulesets_are_installed_with_the_package() -> None:
    found = importlib.util.find_spec("blocks.rulesets")
    assert found is not None
    assert found.submodule_search_locations is not None
    assert SHIPPED.parent == Path(found.submodule_search_locations[0])
    pyproject = (Path(__file__).parents[4] / "pyproject.toml").read_text()
    assert '"rulesets/shipped/*"' in pyproject


@pytest.mark.parametrize("name", ["orb_production", "production.yaml", " production "])
def test_a_ruleset_is_found_however_the_reference_wrote_its_name(name: str, tmp_path: Path) -> None:
    assert read_ruleset(name, tmp_path).name == "production"


def test_what_a_file_does_not_say_is_not_said(tmp_path: Path) -> None:
    written(tmp_path, "mine", "strategy: {range_minutes: 15}\nrisk: {leverage: 2}\n")
    assert read_ruleset("mine", tmp_path).values() == {
        "strategy.strategy": "orb",
        "orb.range_minutes": 15,
        "risk.leverage": 2,
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rsk: {leverage: 2}", "rsk is not known. Did you mean risk?"),
        ("rsk:", "rsk is not known. Did you mean risk?"),
        ("risk: {levrage: 2}", "risk.levrage is not known. Did you mean risk.leverage?"),
        (
            "strategy: {min_bdy: 0.5}",
            "strategy.min_bdy is not known. Did you mean strategy.min_body?",
        ),
        ("gate: {gate_sipke: 0}", "gate.gate_sipke is not known. Did you mean gate.gate_spike?"),
        (
            "fills: {slippage_bps: much}",
            "fills.slippage_bps: Input should be a valid number, unable to parse string as a number"
            " (given 'much'). Correct this value",
        ),
        (
            "interval_minutes: 7",
            "interval_minutes: use one of 1, 5, 15, 30, 60 minutes (given 7). Correct this value",
        ),
        (
            "strategy: {trailing: stepped}",
            "strategy: trailing=stepped needs trail_steps, such as [[2, 1], [3, 2]]."
            " Correct this value",
        ),
        (
            "strategy: {strategy: a b}",
            "strategy.strategy: name a file of STRATEGIES_DIR by letters, digits and _, such as"
            " first_bar (given 'a b'). Correct this value",
        ),
        ("risk: {shares: 1}\nrisk: {shares: 2}", "line 2: risk is given twice. Correct this line"),
        ("risk: {shares: 1, shares: 2}", "line 1: shares is given twice. Correct this line"),
        (
            "risk: &r {shares: 1}\nfills: *r",
            "line 1: what stands here is meant elsewhere too, by *. Correct this line",
        ),
        (
            "? [risk, fills]\n: 2",
            "line 1: ['risk', 'fills'] is no word for a key. Correct this line",
        ),
        (
            "risk: {max_shares: 0144}",
            "line 1: 0144 begins with 0, and is another number in YAML than it seems.",
        ),
        (f"risk: {{max_shares: 0x{'f' * 8000}}}", "line 1: 0xfff"),
        ("symbols: !!set {AAPL, MSFT}", "line 1: !!set has no order, write a list"),
        ("risk: {max_shares: yes}", "risk: max_shares: true is no number. Correct this value"),
        (
            "interval_minutes: yes",
            "interval_minutes: write a number of minutes (given True). Correct this value",
        ),
        (
            "strategy: {strategy: of_mine, max_entries: yes}",
            "strategy: max_entries: true is no number. Correct this value",
        ),
        ("strategy: {strategy: }", "strategy.strategy: Input should be a valid string"),
        ("risk: {MAX_SHARES: 5}", "risk.MAX_SHARES is not known. Did you mean risk.max_shares?"),
        ("risk: [", "line 1: expected the node content, but found '<stream end>'"),
        ("- risk", "has no keys. Write such as strategy: and risk:"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line_with_its_place(
    text: str, complaint: str, tmp_path: Path
) -> None:
    found = complaints(tmp_path, text)
    assert len(found) == 1
    assert found[0].startswith(complaint)


def test_everything_wrong_with_a_file_is_said_at_once(tmp_path: Path) -> None:
    found = complaints(tmp_path, "symbls: [A]\nrisk: {shares: 0}\nstrategy: {min_body: 2}\n")
    assert len(found) == 3
    with pytest.raises(BadInput) as caught:
        read_ruleset("mine", tmp_path)
    assert str(caught.value).count("ruleset ") == 3


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("prodction", "Did you mean production?"),
        ("nothing_of_the_kind", "There are: conservative, "),
        ("Prodction", "Did you mean production?"),
        ("x" * 300, "Use letters, digits, _ and -, 100 at most"),
        ("../secrets", "Use letters, digits, _ and -"),
        ("", "Use letters, digits, _ and -"),
    ],
)
def test_a_name_of_no_ruleset_is_refused_with_those_there_are(
    name: str, hint: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput) as caught:
        read_ruleset(name, tmp_path)
    assert hint in str(caught.value)


def test_what_is_no_file_is_not_named_as_a_ruleset(tmp_path: Path) -> None:
    (tmp_path / "rulesets" / "mine.yaml").mkdir(parents=True)
    with pytest.raises(BadInput, match="There are: conservative, "):
        read_ruleset("mine", tmp_path)


def test_a_file_of_ones_own_cannot_take_the_place_of_ours_unseen(tmp_path: Path) -> None:
    written(tmp_path, "production", "risk: {risk_per_trade: 0.5}")
    with pytest.raises(BadInput, match=r"production is one of ours, and .*\. Rename your file"):
        read_ruleset("production", tmp_path)
