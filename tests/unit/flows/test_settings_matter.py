"""Each setting changes something that can be seen; arguments win over it, broken ones stop it."""

from __future__ import annotations

import argparse
import importlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from blocks.process.logs import install_logs
from blocks.providers.access import Feed
from blocks.settings.app_settings import AppSettings, field_info
from blocks.settings.reader import read_settings
from blocks.settings.variables import FIELD_OF
from blocks.stores.file_lock import locked
from deployments import steps
from flows.commands.account.run import request_of
from flows.commands.configuration import configure
from flows.commands.names import MODULES
from flows.session.account.saved_parts import saved_parts
from flows.session.request import SessionRequest
from tests.repository import REPOSITORY
from tests.terminal import flows
from tests.unit.trading import coin_side
from trading.errors import BadInput, StoreUnavailable
from trading.plan import BUILT_IN, make_plan

HOOK = "https://discord.com/api/webhooks/1/t0ken"
SECRET = "planted-secret-1234"

# A value other than the default, with what else it needs, for each parameter of the plan.
PARAMETERS: dict[str, dict[str, str]] = {
    "ORB_DURATION_MINUTES": {"ORB_DURATION_MINUTES": "15"},
    "ORB_BODY_PCT_FILTER": {"ORB_BODY_PCT_FILTER": "0.2"},
    "TAKE_PROFIT_MULTIPLIER": {"TAKE_PROFIT_MULTIPLIER": "1.5"},
    "USE_VOLUME_FILTER": {"USE_VOLUME_FILTER": "true"},
    "VOLUME_THRESHOLD": {"VOLUME_THRESHOLD": "3"},
    "ORB_BREAKOUT_ON": {"ORB_BREAKOUT_ON": "wick"},
    "ORB_BREAKOUT_BUFFER": {"ORB_BREAKOUT_BUFFER": "0.05"},
    "ORB_MAX_EXTENSION": {"ORB_MAX_EXTENSION": "1"},
    "ORB_ALLOW_SHORT": {"ORB_ALLOW_SHORT": "false"},
    "ORB_ENTRY": {"ORB_ENTRY": "stop", "ORB_DIRECTION": "first_bar"},
    "ORB_STOP": {"ORB_STOP": "atr"},
    "ORB_STOP_ATR": {"ORB_STOP_ATR": "2"},
    "ORB_TARGET": {"ORB_TARGET": "none"},
    "ENTRY_CUTOFF_MINUTES": {"ENTRY_CUTOFF_MINUTES": "120"},
    "FLATTEN_MINUTES": {"FLATTEN_MINUTES": "10"},
    "MAX_ENTRIES": {"MAX_ENTRIES": "3"},
    "TICK": {"TICK": "0.05"},
    "TRAILING": {"TRAILING": "breakeven"},
    "TRAIL_TRIGGER_R": {"TRAIL_TRIGGER_R": "2"},
    "TRAIL_PLUS": {"TRAIL_PLUS": "0.02"},
    "TRAIL_STEPS": {"TRAIL_STEPS": "[[2, 1], [3, 2]]", "TRAILING": "stepped"},
    "MAX_POSITION_SIZE": {"MAX_POSITION_SIZE": "0.5"},
    "RISK_PER_TRADE": {"RISK_PER_TRADE": "0.02"},
    "MAX_POSITIONS": {"MAX_POSITIONS": "2"},
    "MAX_ORDERS_PER_SESSION": {"MAX_ORDERS_PER_SESSION": "7"},
    "MAX_DAILY_LOSS_PCT": {"MAX_DAILY_LOSS_PCT": "0.01"},
    "SLIPPAGE_BPS": {"SLIPPAGE_BPS": "1"},
    "VOLATILITY_FACTOR": {"VOLATILITY_FACTOR": "0.1"},
    "IMPACT_FACTOR": {"IMPACT_FACTOR": "0.1"},
    "MAX_PARTICIPATION": {"MAX_PARTICIPATION": "0.05"},
    "COMMISSION_PER_SHARE": {"COMMISSION_PER_SHARE": "0.01"},
    "COMMISSION_MINIMUM": {"COMMISSION_MINIMUM": "1"},
    "GATE_SPIKE": {"GATE_SPIKE": "0.5"},
    "GATE_JUMP": {"GATE_JUMP": "0.5"},
    "GATE_GAP": {"GATE_GAP": "0"},
    "GATE_STALE": {"GATE_STALE": "12"},
    "GATE_ZERO_VOLUME": {"GATE_ZERO_VOLUME": "false"},
}


def another_value(field: str) -> str:
    """Return a value for `.env` that is not the default and may be set alone."""
    info = field_info(field)
    default = info.get_default(call_default_factory=True)
    if isinstance(default, bool):
        return str(not default).lower()
    if isinstance(default, str):
        choices = [choice for choice in get_args(info.annotation) if choice != default]
        return str(choices[0])
    bounds = {type(each).__name__: each for each in info.metadata}
    most = bounds["Le"].le if "Le" in bounds else bounds["Lt"].lt
    beyond = default * 2 if default else most / 2
    return str(type(default)(beyond if beyond < most else default / 2))


def strategy_with(field: str) -> str | None:
    """Return a built-in strategy that has a parameter of the settings, None where none has it."""
    group, _, name = field.partition(".")
    if group in BUILT_IN:
        return group
    having = (each for each, module in BUILT_IN.items() if name in module.Parameters.model_fields)
    return next(having, None) if group == "strategy" else "orb"


# The others need no more than another value, and their strategy.
PARAMETERS |= {
    name: {name: another_value(field), "STRATEGY": strategy_with(field) or ""}
    for name, field in FIELD_OF.items()
    if name not in PARAMETERS
    and name != "STRATEGY"
    and field.partition(".")[0] in ("strategy", "risk", "fills", "gate", *BUILT_IN)
}
See = Callable[[SessionRequest], Any]
# What a run looks like after a variable is set: the variable, its value, where it is seen, what.
SEEN_IN_A_RUN: list[tuple[str, str, See, Any]] = [
    ("SYMBOLS", "NVDA AMD", lambda r: r.symbols, ("NVDA", "AMD")),
    ("INITIAL_CAPITAL", "50000", lambda r: r.capital, 50_000.0),
    ("EXCHANGE", "lse", lambda r: r.exchange, "LSE"),
    ("BAR_INTERVAL", "1m", lambda r: r.interval_minutes, 1),
    ("PRIMARY_PROVIDER", "live", lambda r: r.parts.is_live, True),
    ("SETTLE_SECONDS", "9", lambda r: r.parts.settle_seconds, 9.0),
    ("WARM_UP_MINUTES", "20", lambda r: r.parts.warm_up_minutes, 20.0),
    ("TEND_SECONDS", "0.5", lambda r: r.parts.tend_seconds, 0.5),
    ("ON_SHUTDOWN", "hold", lambda r: r.on_shutdown, "hold"),
    ("ACTIVE_RULESET", "production", lambda r: r.symbols, ("QQQ",)),
    ("DATA_DIR", "/tmp/elsewhere", lambda r: str(r.data_dir), "/tmp/elsewhere"),
    ("CLOUD_CONTAINER", "/tmp/backup", lambda r: str(r.parts.storage()), "folder /tmp/backup"),
    ("NOTIFY_ON_TRADE", "false", lambda r: "ORDER_SENT" in r.parts.wanted_messages(), False),
    ("NOTIFY_ON_ERROR", "false", lambda r: "SYSTEM_ERROR" in r.parts.wanted_messages(), False),
    ("NOTIFY_ROUTINE", "false", lambda r: "DAILY_SUMMARY" in r.parts.wanted_messages(), False),
    ("DISCORD_WEBHOOK_URL", HOOK, lambda r: [c.title for c in r.parts.channels()[0]], ["Discord"]),
    ("NOTIFY_URLS", "json://127.0.0.1:9/x", lambda r: len(r.parts.channels()[0]), 1),
]
# These take effect elsewhere; the test that sees it is named, and found below.
SEEN_ELSEWHERE = {
    "STRATEGY": "test_a_strategy_of_ones_own_is_found_by_its_name",
    "STRATEGIES_DIR": "test_a_strategy_of_ones_own_is_found_by_its_name",
    "MARKET_TYPE": "tests/unit/blocks/settings/test_reader.py::test_a_slip_in_the_file",
    **dict.fromkeys(
        (
            "BROKER_TYPE",
            "TRADING_MODE",
            "I_ACCEPT_REAL_MONEY",
            "ALPACA_BASE_URL",
            "ALPACA_STREAM_URL",
        ),
        "tests/unit/blocks/settings/test_broker.py::test_orders_go_where_the_settings_say",
    ),
    "FINNHUB_API_KEY": "test_the_key_reaches_the_provider_and_not_the_environment",
    "PROVIDERS": "test_providers_are_asked_as_the_settings_say",
    "ALPACA_API_KEY": "test_providers_are_asked_as_the_settings_say",
    "ALPACA_SECRET_KEY": "test_providers_are_asked_as_the_settings_say",
    "ALPACA_FEED": "test_providers_are_asked_as_the_settings_say",
    "ALPACA_ADJUSTMENT": "test_providers_are_asked_as_the_settings_say",
    "ALPACA_RATE_LIMIT": "test_providers_are_asked_as_often_as_the_settings_say",
    "ALPACA_DATA_URL": "test_providers_are_asked_as_the_settings_say",
    "ENABLE_CLOUD_SYNC": "test_copies_go_where_the_cloud_settings_say",
    "CLOUD_PROVIDER": "test_copies_go_where_the_cloud_settings_say",
    "AZURE_STORAGE_CONNECTION_STRING": "test_copies_go_where_the_cloud_settings_say",
    "AWS_ACCESS_KEY_ID": "test_copies_go_where_the_cloud_settings_say",
    "AWS_SECRET_ACCESS_KEY": "test_copies_go_where_the_cloud_settings_say",
    "AWS_SESSION_TOKEN": "test_copies_go_where_the_cloud_settings_say",
    "AWS_REGION": "test_copies_go_where_the_cloud_settings_say",
    "AWS_ENDPOINT_URL": "test_copies_go_where_the_cloud_settings_say",
    "HEALTH_CHECK_PORT": "tests/process/api/test_api.py::test_port_and_host_come_from_the_settings",
    "API_HOST": "tests/process/api/test_api.py::test_port_and_host_come_from_the_settings",
    "API_CORS_ORIGINS": "tests/process/api/test_api.py::test_no_other_web_page_may_read_it",
    "API_TOKEN": "tests/process/api/test_api.py::test_with_a_token_nothing_is_read_without_it",
    "ALLOWED_HOSTS": "tests/process/api/test_api.py::test_only_who_calls_it_by_a_name_of_its_own",
    "ENVIRONMENT": "tests/process/api/test_api.py::test_port_and_host_come_from_the_settings",
    "LOG_LEVEL": "test_the_level_decides_what_is_logged",
    "SHUTDOWN_TIMEOUT_SECONDS": (
        "tests/process/deployments/processes/test_api_server.py::test_flow_runs_have_as_long"
    ),
    "LOG_RETENTION_DAYS": "test_pruning_keeps_what_the_retention_says",
    "YAHOO_RATE_LIMIT": "test_providers_are_asked_as_often_as_the_settings_say",
    "DATA_CACHE_TTL_SECONDS": "test_bars_that_nobody_reads_again_go_when_the_settings_say",
    "DEADMAN_URL": (
        "tests/unit/deployments/test_errands.py"
        "::test_a_ping_is_sent_while_all_is_well_and_not_when_something_is_red"
    ),
    "DATABASE_TIMEOUT_SECONDS": "test_a_store_is_waited_for_as_long_as_the_settings_say",
}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in FIELD_OF:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def arguments_of(name: str, *arguments: str) -> argparse.Namespace:
    command = importlib.import_module(MODULES[name])
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    parsed = configure(name, parser, list(arguments))
    install_logs(None, console=None)
    return parsed


def request(*arguments: str) -> SessionRequest:
    return request_of(arguments_of("run", *arguments))


def plan_of(asked: SessionRequest) -> dict[str, Any]:
    return make_plan(("A",), asked.settings, interval_minutes=asked.interval_minutes).describe()


def test_every_setting_is_seen_somewhere() -> None:
    seen = {*PARAMETERS, *(row[0] for row in SEEN_IN_A_RUN), *SEEN_ELSEWHERE}
    assert seen == set(FIELD_OF)
    for place in SEEN_ELSEWHERE.values():
        file, _, test = place.rpartition("::")
        path = REPOSITORY / file if file else Path(__file__)
        assert f"def {test}" in path.read_text(), place


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_changes_the_plan_of_sessions_backtests_and_deployments(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    group, _, field = FIELD_OF[name].partition(".")
    strategy = strategy_with(FIELD_OF[name])
    if strategy is None:
        pytest.skip(f"no built-in strategy has {field}")
    group = "strategy" if group in BUILT_IN else group
    monkeypatch.setenv("STRATEGY", strategy)
    before, deployed = plan_of(request()), steps.settings()
    for variable, value in PARAMETERS[name].items():
        monkeypatch.setenv(variable, value)
    after = plan_of(request())
    assert after[group][field] != before[group][field]
    backtest = importlib.import_module("flows.commands.research.backtest")
    asked = backtest.request_of(arguments_of("backtest"))
    assert make_plan(("A",), dict(asked.settings)).describe()[group] == after[group]
    assert steps.settings()[group][field] != deployed[group][field]


@pytest.mark.parametrize(("name", "value", "see", "expected"), SEEN_IN_A_RUN)
def test_a_setting_changes_a_run(
    name: str, value: str, see: See, expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "CLOUD_CONTAINER":
        monkeypatch.setenv("ENABLE_CLOUD_SYNC", "true")
        monkeypatch.setenv(name, "/tmp/other")
    assert see(request()) != expected
    monkeypatch.setenv(name, value)
    assert see(request()) == expected


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("SYMBOLS", "NVDA,AMD", "symbols", ["NVDA", "AMD"]),
        ("INITIAL_CAPITAL", "50000", "capital", 50_000.0),
        ("EXCHANGE", "LSE", "exchange", "LSE"),
        ("BAR_INTERVAL", "1", "interval_minutes", 1),
        ("PRIMARY_PROVIDER", "simulated", "market", "simulated"),
        ("ON_SHUTDOWN", "hold", "on_shutdown", "hold"),
    ],
)
def test_a_setting_changes_what_is_deployed(
    name: str, value: str, field: str, expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert steps.settings()[field] != expected
    monkeypatch.setenv(name, value)
    assert steps.settings()[field] == expected


def test_exchange_and_warm_up_change_the_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [steps.sessions()["rrule"]]
    for name, value in (("WARM_UP_MINUTES", "30"), ("EXCHANGE", "LSE")):
        monkeypatch.setenv(name, value)
        rules.append(steps.sessions()["rrule"])
    assert len(set(rules)) == 3


def test_the_block_of_settings_is_made_of_them() -> None:
    from blocks.saved import blocks as connections

    read = read_settings(None, {"SETTLE_SECONDS": "9", "WARM_UP_MINUTES": "7", "TEND_SECONDS": "1"})
    block = connections.Settings.of(read.required().data)
    assert (block.settle_seconds, block.warm_up_minutes, block.tend_seconds) == (9, 7, 1)


def test_arguments_win_over_the_environment_and_that_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        "INITIAL_CAPITAL=1000\nBAR_INTERVAL=15\nORB_DURATION_MINUTES=30\nSLIPPAGE_BPS=1\n"
    )
    monkeypatch.setattr(os, "environ", dict(os.environ))
    asked = request()
    assert (asked.capital, asked.interval_minutes) == (1000.0, 15)
    monkeypatch.setenv("INITIAL_CAPITAL", "2000")
    os.environ["INITIAL_CAPITAL"] = "2000"
    assert request().capital == 2000.0
    asked = request("--capital", "3000", "--interval", "5", "--set", "range_minutes=10")
    assert (asked.capital, asked.interval_minutes) == (3000.0, 5)
    assert asked.settings == {"range_minutes": 10, "slippage_bps": 1.0}


def test_the_breakouts_own_settings_do_not_reach_another_strategy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "mine.py"
    file.write_text("")
    monkeypatch.setenv("ORB_DURATION_MINUTES", "15")
    monkeypatch.setenv("MAX_ENTRIES", "2")
    parsed = arguments_of("run", "--strategy-file", str(file), "--set", "own=1")
    assert parsed.set == ["max_entries=2", "own=1"]


def test_a_strategy_of_ones_own_is_found_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "side.py").write_text(Path(coin_side.__file__).read_text())
    monkeypatch.setenv("STRATEGIES_DIR", str(tmp_path / "mine"))
    monkeypatch.setenv("STRATEGY", "side")
    monkeypatch.setenv("MAX_ENTRIES", "2")
    asked = request("--set", "distance=0.5")
    assert asked.strategy_module is not None
    assert asked.settings == {"max_entries": 2, "distance": 0.5}
    backtest = importlib.import_module("flows.commands.research.backtest")
    monkeypatch.delenv("STRATEGY")
    named = backtest.request_of(arguments_of("backtest", "--set", "strategy=side"))
    assert named.strategy_module.MEMORY == coin_side.MEMORY
    with pytest.raises(BadInput, match=r"no .*/mine/sde\.py\. Did you mean side\?"):
        request("--set", "strategy=sde")


def test_a_file_is_not_run_under_the_name_of_another_strategy(tmp_path: Path) -> None:
    file = tmp_path / "side.py"
    file.write_text(Path(coin_side.__file__).read_text())
    with pytest.raises(BadInput, match=r"name two strategies\. Leave one of them out"):
        request("--strategy-file", str(file), "--set", "strategy=ema_trend")
    for own_name in ("side", "coin_side"):
        asked = request("--strategy-file", str(file), "--set", f"strategy={own_name}")
        assert asked.strategy_module is not None
        assert asked.strategy_module.MEMORY == coin_side.MEMORY


def test_a_backtest_takes_the_symbols_only_when_they_are_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert arguments_of("backtest").symbols == ()
    monkeypatch.setenv("SYMBOLS", "AAPL")
    assert arguments_of("backtest").symbols == ("AAPL",)


def test_a_replay_holds_whatever_the_setting_for_live_sessions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ON_SHUTDOWN", "flatten")
    assert request("--replay", "2025-06-10").on_shutdown == "hold"
    assert request("--on-shutdown", "hold").on_shutdown == "hold"


def test_another_broker_is_refused() -> None:
    (problem,) = read_settings(None, {"BROKER_TYPE": "interactive_brokers"}).problems
    assert "BROKER_TYPE: Input should be 'mock' or 'alpaca'" in problem


def test_the_key_reaches_the_provider_and_not_the_environment(tmp_path: Path) -> None:
    assert request().parts.data.finnhub_api_key is None
    (tmp_path / ".env").write_text(f"FINNHUB_API_KEY={SECRET}\n")
    parts = request().parts
    assert parts.data.finnhub_api_key is not None
    assert parts.data.finnhub_api_key.get_secret_value() == SECRET
    assert SECRET not in repr(parts)
    assert "FINNHUB_API_KEY" not in os.environ


def test_copies_go_where_the_cloud_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {
        "ENABLE_CLOUD_SYNC": "true", "CLOUD_PROVIDER": "aws", "CLOUD_CONTAINER": "bucket",
        "AWS_ACCESS_KEY_ID": "id-of-key", "AWS_SECRET_ACCESS_KEY": "secret-key",
        "AWS_SESSION_TOKEN": "session-token", "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AZURE_STORAGE_CONNECTION_STRING": "AccountName=a;AccountKey=a2V5",
    }  # fmt: skip
    local = str(request().parts.storage())
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert "bucket" in str(request().parts.storage())
    assert str(request().parts.storage()) != local
    whole = request().parts.cloud
    for name in variables:
        values = {n: v for n, v in variables.items() if n != name}
        if name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "CLOUD_CONTAINER"):
            assert read_settings(None, values).settings is None
        else:
            assert read_settings(None, values).required().cloud != whole


def test_the_level_decides_what_is_logged(tmp_path: Path) -> None:
    lines = {}
    for level in ("INFO", "WARNING"):
        folder = tmp_path / level
        done = flows(
            *("run", "--replay", "2025-06-10", "--symbols", "AAA", "--interval", "30"),
            *("--set", "range_minutes=30", "--data-dir", str(folder)),
            LOG_LEVEL=level,
            ENVIRONMENT="testing",
        )
        assert done.returncode == 0, done.stderr
        file = folder / "logs" / "openbell.jsonl"
        lines[level] = [json.loads(line) for line in file.open()] if file.exists() else []
    assert {line["environment"] for line in lines["INFO"]} == {"testing"}
    assert any(line["level"] == "INFO" for line in lines["INFO"])
    assert not any(line["level"] == "INFO" for line in lines["WARNING"])


async def test_pruning_keeps_what_the_retention_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from datetime import UTC, datetime, timedelta

    from blocks.telemetry.file import telemetry_file
    from blocks.telemetry.log_lines import LogStore
    from flows.health import prune

    store = LogStore(telemetry_file(tmp_path, "paper"))
    for days in (1, 5, 20):
        store.insert_log("INFO", "x", f"{days}", datetime.now(UTC) - timedelta(days=days))
    monkeypatch.setenv("LOG_RETENTION_DAYS", "10")
    state = await prune.fn(str(tmp_path))
    assert "1 log lines" in str(state.message)
    monkeypatch.delenv("LOG_RETENTION_DAYS")
    await prune.fn(str(tmp_path))
    assert [line.message for line in store.get_logs()] == ["1"]


@pytest.mark.parametrize("kind", ["plain", "saved"])
async def test_a_store_is_waited_for_as_long_as_the_settings_say(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_TIMEOUT_SECONDS", "0.07")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    parts = request().parts
    if kind == "saved":
        monkeypatch.setattr("blocks.saved.blocks.load_saved", nothing_saved)
        parts = await saved_parts(str(tmp_path), None, read_settings().required())
    plan = make_plan(("A",), {})
    for name, use in {
        "ledger": lambda: parts.ledger("paper").remember("a", "b"),
        "exchange-mock": lambda: parts.exchange("paper", plan),
    }.items():
        with (
            locked(tmp_path / "paper" / f"{name}.duckdb"),
            pytest.raises(StoreUnavailable, match=rf"{name}.* for 0\.07 s"),
        ):
            use()


async def nothing_saved(kind: object, name: str = "") -> None:
    return None


ALPACA = {"ALPACA_API_KEY": "PKID", "ALPACA_SECRET_KEY": SECRET, "ALPACA_FEED": "IEX"}


def test_providers_are_asked_as_often_as_the_settings_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from blocks.process.clocks import SystemClock
    from blocks.providers import choose

    limits: dict[str, tuple[float, int]] = {}
    whole = choose.bucket_for

    def note(name: str, rate: float, at_once: int, folder: Path) -> Any:
        limits[name] = rate, at_once
        return whole(name, rate, at_once, folder)

    monkeypatch.setattr(choose, "bucket_for", note)
    for name, value in ({"YAHOO_RATE_LIMIT": "2", "ALPACA_RATE_LIMIT": "1000"} | ALPACA).items():
        monkeypatch.setenv(name, value)
    place = ("NYSE", 5, SystemClock(), tmp_path, request().parts.data.access())
    choose.make_live_provider(("A",), *place)
    # Within no minute more than a thousand.
    assert limits == {"yahoo": (2.0, 4), "alpaca": (15.0, 100)}
    limits.clear()
    choose.make_provider("yahoo", *place)
    assert limits == {"yahoo": (2.0, 4)}


def test_providers_are_asked_as_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    before = request().parts.data.access()
    assert (before.order, before.alpaca) == (("alpaca", "yahoo", "finnhub"), None)
    others = {
        "PROVIDERS": "Yahoo, alpaca", "ALPACA_ADJUSTMENT": "raw",
        "ALPACA_DATA_URL": "http://127.0.0.1:9",
    }  # fmt: skip
    for name, value in (ALPACA | others).items():
        monkeypatch.setenv(name, value)
    # Read before the rest of the environment is made that of the process.
    asked = request().parts.data.access()
    alpaca = asked.alpaca
    assert asked.order == ("yahoo", "alpaca")
    assert alpaca is not None
    assert (alpaca.source, alpaca.data_url) == ("alpaca:iex:raw", "http://127.0.0.1:9")
    assert (alpaca.key.get_secret_value(), alpaca.secret.get_secret_value()) == ("PKID", SECRET)
    assert SECRET not in repr(asked)
    assert request().parts.data.access(Feed.SIP).alpaca is not None


async def test_bars_that_nobody_reads_again_go_when_the_settings_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import os
    import time

    from blocks.bars.panel_cache import kept_bars_folder
    from flows.health import prune

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = kept_bars_folder()
    if folder is None:
        pytest.skip("this disk has no room to keep bars")
    for name, days in (("old.bars", 40), ("new.bars", 10)):
        (folder / name).touch()
        os.utime(folder / name, times=(time.time() - days * 86_400,) * 2)
    monkeypatch.setenv("DATA_CACHE_TTL_SECONDS", str(50 * 86_400))
    await prune.fn(str(tmp_path))
    assert len(list(folder.iterdir())) == 2
    monkeypatch.delenv("DATA_CACHE_TTL_SECONDS")
    await prune.fn(str(tmp_path))
    assert [path.name for path in folder.iterdir()] == ["new.bars"]


@pytest.mark.parametrize("field", list(FIELD_OF.values()))
def test_every_number_has_bounds_so_that_none_overflows_in_a_session(field: str) -> None:
    info = field_info(field)
    if info.annotation not in (int, float) or field == "data.bar_interval":
        return
    bounds = {type(each).__name__: each for each in info.metadata}
    assert {"Le", "Lt"} & bounds.keys(), f"{field} has no upper bound"
    assert {"Ge", "Gt"} & bounds.keys(), f"{field} has no lower bound"


def test_validate_config_shows_every_value_its_origin_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"SYMBOLS=NVDA AMD\nFINNHUB_API_KEY={SECRET}\n")
    done = flows("validate-config", cwd=tmp_path, INITIAL_CAPITAL="777")
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    others = set(BUILT_IN) - {"orb"}
    groups = set(AppSettings.model_fields) - {"strategy"}
    assert set(rows) >= {n for n, f in FIELD_OF.items() if f.partition(".")[0] in groups}
    assert {n for n, f in FIELD_OF.items() if f.startswith("orb.")} <= set(rows)
    assert not {n for n, f in FIELD_OF.items() if f.partition(".")[0] in others} & set(rows)
    assert rows["SYMBOLS"] == [".env", "NVDA,AMD"]
    assert rows["INITIAL_CAPITAL"] == ["environment", "777.0"]
    assert rows["EXCHANGE"] == ["default", "NYSE"]
    assert rows["FINNHUB_API_KEY"] == [".env", "********"]
    assert SECRET not in done.stdout + done.stderr
    shown = json.loads(flows("validate-config", "--json", cwd=tmp_path).stdout)
    assert shown["valid"] is True
    assert shown["values"]["SYMBOLS"]["origin"] == ".env"
    assert SECRET not in json.dumps(shown)


def test_validate_config_shows_what_a_ruleset_says_and_what_goes_before_it(tmp_path: Path) -> None:
    (tmp_path / "data" / "rulesets").mkdir(parents=True)
    (tmp_path / "data" / "rulesets" / "mine.yaml").write_text(
        "strategy: {range_minutes: 15}\nrisk: {risk_per_trade: 0.02}\nsymbols: [KO]\n"
    )
    (tmp_path / ".env").write_text("RISK_PER_TRADE=0.005\n")
    done = flows("validate-config", "--ruleset", "mine", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in done.stdout.splitlines()}
    assert rows["ORB_DURATION_MINUTES"] == ["ruleset", "15"]
    assert rows["SYMBOLS"] == ["ruleset", "KO"]
    assert rows["RISK_PER_TRADE"] == [".env", "0.005   (the ruleset says 0.02)"]
    assert "the ruleset is data/rulesets/mine.yaml" in done.stderr
    slip = flows("validate-config", cwd=tmp_path, ACTIVE_RULESET="mne")
    assert slip.returncode == 2
    assert "Did you mean mine?" in slip.stderr


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"STRATEGY": "mine"}, "STRATEGY: strategy mine is not built in, and there is no"),
        (
            {"STRATEGY": "mine", "ACTIVE_RULESET": "production"},
            "ACTIVE_RULESET: ruleset production is of strategy orb, and STRATEGY is mine",
        ),
        ({"STRATEGY": "a b"}, "STRATEGY: name a file of STRATEGIES_DIR by letters, digits and _"),
        ({"STRATEGY": "mine", "TICK": "0"}, "strategy: parameters: tick: Input should be greater"),
    ],
)
def test_validate_config_says_what_is_wrong_with_the_choice_of_a_strategy(
    variables: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    done = flows("validate-config", cwd=tmp_path, **variables)
    assert done.returncode == 2
    assert complaint in done.stderr


def test_parameters_of_another_strategy_in_the_file_are_shown_as_not_used(tmp_path: Path) -> None:
    (tmp_path / "data" / "strategies").mkdir(parents=True)
    text = Path(coin_side.__file__).read_text()
    (tmp_path / "data" / "strategies" / "side.py").write_text(text)
    (tmp_path / ".env").write_text("ORB_DURATION_MINUTES=15\nSTRATEGY=side\n")
    done = flows("validate-config", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert rows["ORB_DURATION_MINUTES"][:2] == ["not", "used"]
    assert rows["STRATEGY"] == [".env", "side"]


def test_a_ruleset_is_the_same_for_a_command_as_for_the_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = request("--ruleset", "conservative", "--set", "min_body=0.3")
    monkeypatch.setenv("ACTIVE_RULESET", "conservative")
    assert request("--set", "min_body=0.3").settings == named.settings
    assert (named.symbols, named.settings["min_body"]) == (("QQQ", "SPY"), 0.3)
    assert named.settings["max_shares"] == 500
    other = request("--ruleset", "production", "--symbols", "KO")
    assert (other.symbols, other.settings["target"]) == (("KO",), "none")


def test_validate_config_says_all_that_is_wrong_a_line_each(tmp_path: Path) -> None:
    (tmp_path / "mine.env").write_text(
        f"SYMBLS=A\nIB_PORT=1\nINITIAL_CAPITAL=ten\nFINNHUB_KEY={SECRET}\n{SECRET}\n"
    )
    (tmp_path / "mine.env").chmod(0o600)
    done = flows("validate-config", "--env-file", "mine.env", cwd=tmp_path)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 5
    assert all(line.startswith("error: ") for line in lines)
    assert SECRET not in done.stdout + done.stderr
    as_json = flows("validate-config", "--env-file", "mine.env", "--json", cwd=tmp_path)
    assert as_json.returncode == 2
    assert json.loads(as_json.stdout)["valid"] is False


@pytest.mark.parametrize(
    ("prepare", "complaint"),
    [
        (lambda folder: (folder / ".env").mkdir(), "Is a directory"),
        (lambda folder: (folder / ".env").write_text("SYMBLS=A"), "Did you mean SYMBOLS?"),
        (lambda folder: (folder / "data").write_text("a file"), "data"),
    ],
)
def test_a_run_that_cannot_begin_is_one_line(
    tmp_path: Path, prepare: Callable[[Path], object], complaint: str
) -> None:
    prepare(tmp_path)
    for file in tmp_path.glob(".env"):
        file.chmod(0o700 if file.is_dir() else 0o600)
    done = flows("run", "--replay", "2025-06-10", "--symbols", "AAA", cwd=tmp_path)
    assert done.returncode == 2
    assert complaint in done.stderr
    errors = [line for line in done.stderr.splitlines() if not line.startswith("warning: no logs")]
    assert len(errors) == 1


def test_a_slip_in_the_file_keeps_nobody_from_halting(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert flows(
        *("run", "--replay", "2025-06-10", "--symbols", "AAA", "--interval", "30"),
        *("--set", "range_minutes=30", "--data-dir", str(data)),
    ).returncode == 0  # fmt: skip
    (tmp_path / ".env").write_text(f"SYMBLS=A\nDATA_DIR={data}\n")
    done = flows("halt", "--reason", "now", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "halt is left for account replay" in done.stdout
    assert "Did you mean SYMBOLS?" in done.stderr


def test_a_note_stays_beside_its_trade(tmp_path: Path) -> None:
    assert flows(
        *("run", "--replay", "2025-06-10", "--symbols", "AAPL,MSFT", "--interval", "30"),
        *("--set", "range_minutes=30", "--set", "min_body=0", "--data-dir", str(tmp_path)),
    ).returncode == 0  # fmt: skip
    done = flows(
        "note-trade", "--trade", "2025-06-10/0", "--text", "w", "--data-dir", str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    wrong = flows("note-trade", "--trade", "yesterday", "--text", "w", "--data-dir", str(tmp_path))
    assert wrong.returncode == 2
    assert len(wrong.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "place", ["https://nobody.example/x7Hq2", "xyz://h/x7Hq2", "tgram://x7Hq2"]
)
def test_validate_config_refuses_an_address_that_no_session_could_post_to_and_does_not_show_it(
    tmp_path: Path, place: str
) -> None:
    file = tmp_path / ".env"
    file.write_text(f"NOTIFY_URLS=ntfy://host/topic {place}\nDATA_DIR={tmp_path}\n")
    file.chmod(0o600)
    ended = flows("validate-config", "--env-file", str(file))
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: an address of NOTIFY_URLS, ")
    assert ended.stderr.count("\n") == 1
    assert "x7Hq2" not in ended.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "my-machine"])
def test_validate_config_refuses_an_api_for_everybody_as_up_does(tmp_path: Path, host: str) -> None:
    file = tmp_path / ".env"
    file.write_text(f"API_HOST={host}\nDATA_DIR={tmp_path}\n")
    ended = flows("validate-config", "--env-file", str(file))
    assert ended.returncode == 2
    assert "error: API_HOST: " in ended.stderr
    file.write_text(f"API_HOST={host}\nAPI_TOKEN=0123456789abcdef\nDATA_DIR={tmp_path}\n")
    assert flows("validate-config", "--env-file", str(file)).returncode == 0
