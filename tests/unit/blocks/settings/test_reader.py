"""Settings: one table, every value with its origin, every slip one line."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from blocks.settings.app_settings import AppSettings, field_info, is_secret
from blocks.settings.checks import complaint_of_folder
from blocks.settings.complaints import Origin
from blocks.settings.pages import env_example, settings_page
from blocks.settings.reader import read_settings
from blocks.settings.variables import FIELD_OF, VARIABLES, Fate, find_variable
from blocks.storage.choose import storage_from
from tests.repository import REPOSITORY
from trading.errors import BadInput
from trading.near_names import edit_distance
from trading.parameters import SelectionParameters
from trading.plan import BUILT_IN

SECRET = "planted-secret-4711"
# Names of the reference system's settings.py and .env.example.
REFERENCE = re.findall(
    r"\w+",
    """
    MARKET_TYPE EXCHANGE SYMBOLS INITIAL_CAPITAL MAX_POSITION_SIZE USE_STOP_LOSS STOP_LOSS_PCT
    TAKE_PROFIT_PCT PRIMARY_PROVIDER SECONDARY_PROVIDER FINNHUB_API_KEY POLYGON_API_KEY API_KEY
    POLL_INTERVAL_WITH_POSITION POLL_INTERVAL_NO_POSITION YAHOO_RATE_LIMIT YAHOO_RETRY_COUNT
    DATA_CACHE_TTL_SECONDS BAR_INTERVALS CLOUD_PROVIDER CLOUD_CONTAINER SYNC_INTERVAL_SECONDS
    ENABLE_CLOUD_SYNC BROKER_TYPE MODE IB_HOST IB_PORT IB_CLIENT_ID IB_ACCOUNT_ID IB_EXCHANGE
    IB_CURRENCY IB_MARKET_DATA_TYPE IB_CONNECT_TIMEOUT IB_CONNECT_MAX_RETRIES
    IB_CONNECT_RETRY_DELAY_SECONDS HEALTH_CHECK_ENABLED HEALTH_CHECK_SYMBOL ENABLED
    LOCAL_DATABASE_PATH REMOTE_ENABLED REMOTE_PROVIDER SUPABASE_URL SUPABASE_ANON_KEY
    SUPABASE_TABLE SUPABASE_SERVICE_KEY ACCOUNT_ID PRICE_TIMEFRAMES LOCAL_PRICE_DB_PATH
    LOCAL_DASHBOARD_DB_PATH LOCAL_OUTBOX_DB_PATH PUBLISH_INTERVAL_SECONDS LOCAL_RETENTION_DAYS
    ORB_START_TIME ORB_DURATION_MINUTES ORB_BODY_PCT_FILTER ENTRY_CUTOFF_TIME
    TAKE_PROFIT_MULTIPLIER STOP_LOSS_AT_LEVEL USE_VOLUME_FILTER VOLUME_THRESHOLD MARKET_CLOSE_TIME
    CARRYOVER_POSITION_POLICY DISCORD_WEBHOOK_URL NOTIFY_ON_TRADE NOTIFY_ON_ERROR NOTIFY_ROUTINE
    ENVIRONMENT LOG_LEVEL HEALTH_CHECK_PORT SHUTDOWN_TIMEOUT_SECONDS DATABASE_PATH ACTIVE_RULESET
    LOG_FINNHUB_TICKS TICK_LOG_DIR TICK_LOG_TTL_DAYS AZURE_STORAGE_CONNECTION_STRING
    AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_DEFAULT_REGION OCI_CONFIG_FILE OCI_PROFILE
    OPERATIONAL_METRICS_ENABLED
""",
)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    file = tmp_path / ".env"
    file.touch(mode=0o600)
    return file


@pytest.mark.parametrize(("mode", "is_told"), [(0o600, False), (0o640, True), (0o604, True)])
def test_a_file_of_secrets_that_others_may_read_is_told_of_and_read(
    env_file: Path, mode: int, is_told: bool
) -> None:
    env_file.write_text("SYMBOLS=KO")
    env_file.chmod(mode)
    read = read_settings(env_file, {})
    assert read.required().trading.symbols == ("KO",)
    assert [line.endswith(f"Run: chmod 600 {env_file}") for line in read.warnings] == [
        True
    ] * is_told


def test_each_field_has_one_variable_and_each_variable_one_field() -> None:
    fields = {
        f"{group}.{name}"
        for group in AppSettings.model_fields
        if group != "strategy"
        for name in type(getattr(AppSettings.read({}, {}), group)).model_fields
    }
    shared = SelectionParameters.model_fields
    fields |= {f"strategy.{name}" for name in shared} | {"strategy.strategy"}
    for strategy, module in BUILT_IN.items():
        own = set(module.Parameters.model_fields) - set(shared) - {"strategy"}
        fields |= {f"{strategy}.{name}" for name in own}
    assert sorted(FIELD_OF.values()) == sorted(fields)
    assert len({variable.name for variable in VARIABLES}) == len(VARIABLES)


@pytest.mark.parametrize("name", REFERENCE)
def test_each_name_of_the_reference_is_kept_renamed_or_refused_with_a_hint(name: str) -> None:
    found = find_variable(name)
    assert found is not None
    assert found.field or found.hint


def test_the_pages_are_what_the_table_says() -> None:
    again = "write them anew: python -m blocks.settings.pages"
    assert (REPOSITORY / "docs" / "settings.md").read_text() == settings_page(), again
    assert (REPOSITORY / ".env.example").read_text() == env_example(), again


def test_the_example_with_every_line_taken_in_is_the_default(env_file: Path) -> None:
    lines = env_example().splitlines()
    named = [line[2:] for line in lines if line[2:].partition("=")[0] in FIELD_OF]
    assert len(named) == len(FIELD_OF)
    env_file.write_text("\n".join(named))
    read = read_settings(env_file, {})
    assert read.problems == ()
    assert read.required() == AppSettings.read({}, {})


@pytest.mark.parametrize(
    "text", ["AAPL,MSFT", "AAPL MSFT", '["AAPL", "MSFT"]', " aapl ,  msft ", "AAPL, MSFT"]
)
def test_symbols_are_read_however_a_list_is_written(text: str) -> None:
    assert read_settings(None, {"SYMBOLS": text}).required().trading.symbols == ("AAPL", "MSFT")


@pytest.mark.parametrize("text", ["5", "5m", " 5M "])
def test_a_bar_interval_is_read_with_and_without_its_unit(text: str) -> None:
    assert read_settings(None, {"BAR_INTERVAL": text}).required().data.bar_interval == 5


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(env_file: Path) -> None:
    env_file.write_text("INITIAL_CAPITAL=20000\nEXCHANGE=LSE\n")
    read = read_settings(env_file, {"INITIAL_CAPITAL": "30000"})
    trading = read.required().trading
    assert (trading.initial_capital, trading.exchange) == (30000.0, "LSE")
    assert read.origin("INITIAL_CAPITAL") == Origin.ENVIRONMENT
    assert read.origin("EXCHANGE") == Origin.FILE
    assert read.origin("SYMBOLS") == Origin.DEFAULT


def test_an_empty_value_counts_as_not_set(env_file: Path) -> None:
    env_file.write_text("CLOUD_PROVIDER=\nINITIAL_CAPITAL=\n")
    read = read_settings(env_file, {"SYMBOLS": ""})
    assert read.required() == AppSettings.read({}, {})
    assert read.origin("INITIAL_CAPITAL") == Origin.DEFAULT


@pytest.mark.parametrize("text", ["", "  "])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DISCORD_WEBHOOK_URL", "https://discord.com/api/webhooks/1/t0ken"),
        ("FINNHUB_API_KEY", "a-good-key"),
        ("ENABLE_CLOUD_SYNC", "true"),
        ("INITIAL_CAPITAL", "20000"),
        ("INITIAL_CAPITAL", "ten"),
    ],
)
def test_an_empty_variable_of_the_environment_switches_off_what_the_file_says(
    env_file: Path, name: str, value: str, text: str
) -> None:
    env_file.write_text(f"{name}={value}\nSYMBOLS=KO\n")
    read = read_settings(env_file, {name: text})
    for settings in (read.required(), read.without_blamed().required()):
        assert settings == AppSettings.read({}, {"SYMBOLS": "KO"})
    assert read.origin(name) == Origin.DEFAULT
    assert read.origin("SYMBOLS") == Origin.FILE
    assert not read.is_given(FIELD_OF[name])


def test_an_empty_line_of_the_file_leaves_the_environment_its_value(env_file: Path) -> None:
    env_file.write_text("INITIAL_CAPITAL=\nPREFECT_API_URL=http://127.0.0.1:1/api\n")
    read = read_settings(env_file, {"INITIAL_CAPITAL": "30000", "PREFECT_API_URL": ""})
    assert read.required().trading.initial_capital == 30_000
    assert read.origin("INITIAL_CAPITAL") == Origin.ENVIRONMENT
    assert read.file == {"PREFECT_API_URL": "http://127.0.0.1:1/api"}


def test_only_what_the_user_has_set_is_a_parameter() -> None:
    read = read_settings(None, {"ORB_DURATION_MINUTES": "15", "SLIPPAGE_BPS": "1"})
    assert read.parameters() == {"range_minutes": 15, "slippage_bps": 1.0}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("SYMBLS=AAPL", "SYMBLS is not known. Did you mean SYMBOLS?"),
        ("symbols=AAPL", "Did you mean SYMBOLS?"),
        ("DATA__FINNHUB_API_KEY=k", "Did you mean FINNHUB_API_KEY?"),
        ("COLOUR=red", "COLOUR is not known. See openbell docs settings"),
        ("MODE=live", "MODE is renamed. Write TRADING_MODE"),
        ("EXCHANGE=HKEX", "EXCHANGE: exchange 'HKEX' closes for lunch"),
        ("EXCHANGE=XBEL", "EXCHANGE: pandas-market-calendars has no sessions of 'XBEL'"),
        ("INITIAL_CAPITAL=1e308", "INITIAL_CAPITAL: Input should be less than or equal to"),
        ("COMMISSION_PER_SHARE=1e308", "COMMISSION_PER_SHARE: Input should be less than"),
        ("YAHOO_RATE_LIMIT=0", "YAHOO_RATE_LIMIT: Input should be greater than 0"),
        ("TRADING_MODE=live", "TRADING_MODE: live needs a broker"),
        ("IB_PORT=4001", "IB_PORT is refused. Interactive Brokers is not supported"),
        ("SUPABASE_URL=https://x", "SUPABASE_URL is refused"),
        ("MARKET_TYPE=forex", "MARKET_TYPE: Input should be 'stocks' (given 'forex' in .env)"),
        ("INITIAL_CAPITAL=ten", "INITIAL_CAPITAL: Input should be a valid number"),
        ("INITIAL_CAPITAL=nan", "INITIAL_CAPITAL: Input should be a finite number"),
        ("INITIAL_CAPITAL=-1", "INITIAL_CAPITAL: Input should be greater than 0"),
        ("SYMBOLS=,", "SYMBOLS: name at least one symbol"),
        ("SYMBOLS=AAPL,aapl", "SYMBOLS: symbol AAPL is named twice"),
        ('SYMBOLS=["AAPL"', "SYMBOLS: not a JSON list"),
        ("EXCHANGE=MOON", "EXCHANGE: exchange 'MOON' is not known"),
        ("BAR_INTERVAL=7", "BAR_INTERVAL: use one of"),
        ("ORB_DURATION_MINUTES=7", "not a multiple of the 5-minute bar"),
        ("TAKE_PROFIT_MULTIPLIER=0", "TAKE_PROFIT_MULTIPLIER: Input should be greater than 0"),
        ("TRAILING=stepped", "needs trail_steps"),
        ("HEALTH_CHECK_PORT=99999", "HEALTH_CHECK_PORT: Input should be less than or equal"),
        ("LOG_LEVEL=LOUD", "LOG_LEVEL: Input should be"),
        ("NOTIFY_ON_TRADE=perhaps", "NOTIFY_ON_TRADE: Input should be a valid boolean"),
        ("ENABLE_CLOUD_SYNC=true\nCLOUD_PROVIDER=aws", "CLOUD_CONTAINER is not set"),
        ("SYMBOLS=AAPL;MSFT", "SYMBOLS: 'AAPL;MSFT' is no symbol. Write symbols as AAPL,MSFT"),
        ('SYMBOLS={"A": 1}', "is no symbol"),
        ("SYMBOLS=../AAPL", "is no symbol"),
        (
            "DISCORD_WEBHOOK_URL=https://example.com/x",
            "DISCORD_WEBHOOK_URL: it is not a Discord webhook",
        ),
        ("FINNHUB_API_KEY=two words", "FINNHUB_API_KEY: it holds a space"),
        ("ALPACA_API_KEY=PK1", "ALPACA_SECRET_KEY: it is not set, and the other half"),
        ("ALPACA_API_KEY=PK1\nALPACA_SECRET_KEY=s", "ALPACA_FEED: it is not set. Write iex"),
        ("ALPACA_FEED=otc", "ALPACA_FEED: Input should be 'sip' or 'iex'"),
        ("ALPACA_ADJUSTMENT=none", "ALPACA_ADJUSTMENT: Input should be 'raw', 'split'"),
        ("ALPACA_RATE_LIMIT=0", "ALPACA_RATE_LIMIT: Input should be greater than"),
        ("ALPACA_DATA_URL=http://example.com", "ALPACA_DATA_URL: keys would be sent to it in the"),
        ("ALPACA_DATA_URL=https://me:word@example.com", "ALPACA_DATA_URL: keys would be sent"),
        ("ALPACA_DATA_URL=data.alpaca.markets", "ALPACA_DATA_URL: keys would be sent"),
        ("PROVIDERS=polygon", "PROVIDERS: name each of alpaca, yahoo, finnhub at most once"),
        ("PROVIDERS=yahoo,yahoo", "PROVIDERS: name each of"),
        ("PRIMARY_PROVIDER=finnhub", "write live here, and finnhub first in PROVIDERS"),
        ("PROVIDERS=finnhub", "PROVIDERS: none of them has its key"),
        (
            "EXCHANGE=LSE\nPROVIDERS=alpaca,finnhub\n"
            "ALPACA_API_KEY=PK1\nALPACA_SECRET_KEY=s\nALPACA_FEED=iex",
            "PROVIDERS: alpaca has no bars of LSE. Name yahoo too, or set EXCHANGE",
        ),
        ("SECONDARY_PROVIDER=yahoo", "SECONDARY_PROVIDER is refused. Write PROVIDERS"),
        ("AWS_ENDPOINT_URL=localhost:9000", "AWS_ENDPOINT_URL: 'localhost:9000' is no address"),
        ("API_CORS_ORIGINS=example.com", "API_CORS_ORIGINS: 'example.com' is no web page"),
        ("PREFECT_API_URL=127.0.0.1:4200", "PREFECT_API_URL: '127.0.0.1:4200' is no address"),
        (
            "ENABLE_CLOUD_SYNC=1\nCLOUD_PROVIDER=aws\nCLOUD_CONTAINER='my bucket'",
            "CLOUD_CONTAINER: 'my bucket' cannot be a bucket",
        ),
        (
            "ENABLE_CLOUD_SYNC=1\nCLOUD_PROVIDER=azure\nCLOUD_CONTAINER=copies\n"
            "AZURE_STORAGE_CONNECTION_STRING=nonsense",
            "AZURE_STORAGE_CONNECTION_STRING: it is no connection string",
        ),
        ("API_TOKEN=ÄÖÜäöüÄÖÜäöüÄÖÜäöü", "API_TOKEN: it is not 16 or more of a-z, A-Z, 0-9"),
        ("NOTIFY_URLS=http://", "NOTIFY_URLS: it is no address of Apprise's"),
        ("NOTIFY_URLS=ntfy://host/topic mailto://", "NOTIFY_URLS: it is no address"),
        ("NOTIFY_URLS='https://, ntfy://host/topic'", "NOTIFY_URLS: it is no address"),
        ("DATA_DIR=a\0b", "DATA_DIR holds a NUL"),
        ("SYMBOLS=AA\0PL", "SYMBOLS holds a NUL"),
        ("PREFECT_API_KEY=\0", "PREFECT_API_KEY holds a NUL"),
        ("a line without a sign", "line 1: not NAME=value"),
        ("SYMBOLS=A\nSYMBOLS=B", "line 2: SYMBOLS is set twice"),
    ],
)
def test_a_slip_in_the_file_is_one_line_that_says_what_to_do(
    env_file: Path, text: str, complaint: str
) -> None:
    env_file.write_text(text + "\n")
    read = read_settings(env_file, {})
    assert len(read.problems) == 1
    assert complaint in read.problems[0]
    assert "\n" not in read.problems[0]
    with pytest.raises(BadInput):
        read.required()


def test_what_is_right_counts_beside_what_is_wrong(env_file: Path) -> None:
    env_file.write_text(
        "FINNHUB_API_KEY=a-good-key\nINITIAL_CAPITAL=ten\nSYMBOLS=KO\nCOLOUR=red\n"
        "DISCORD_WEBHOOK_URL=https://example.com/a-planted-token\n"
    )
    read = read_settings(env_file, {"BAR_INTERVAL": "7", "SLIPPAGE_BPS": "2"})
    usable = read.without_blamed()
    settings = usable.required()
    assert settings.trading.symbols == ("KO",)
    assert settings.trading.initial_capital == 10_000
    assert settings.data.bar_interval == 5
    assert settings.fills.slippage_bps == 2
    assert settings.notifications.discord_webhook_url is None
    assert usable.file == {"FINNHUB_API_KEY": "a-good-key", "SYMBOLS": "KO"}
    # A wrong address may still hold a token.
    assert {"a-good-key", "https://example.com/a-planted-token"} <= set(read.secrets())


def test_only_what_is_prefects_goes_into_the_environment_and_never_over_it(env_file: Path) -> None:
    env_file.write_text(
        "PREFECT_API_URL=http://127.0.0.1:1/api\nPREFECT_API_KEY=mine\nSYMBOLS=KO\n"
        f"AWS_ACCESS_KEY_ID={SECRET}\n"
    )
    environment = {"PREFECT_API_KEY": "theirs"}
    read_settings(env_file, {}).export_prefect(environment)
    assert environment == {
        "PREFECT_API_URL": "http://127.0.0.1:1/api",
        "PREFECT_API_KEY": "theirs",
    }


def test_a_group_that_does_not_fit_together_is_left_out_whole(env_file: Path) -> None:
    env_file.write_text("ENABLE_CLOUD_SYNC=true\nCLOUD_PROVIDER=aws\nSYMBOLS=KO\n")
    settings = read_settings(env_file, {}).without_blamed().required()
    assert not settings.cloud.enable_cloud_sync
    assert settings.trading.symbols == ("KO",)


CLOUD_ON = {
    "ENABLE_CLOUD_SYNC": "true",
    "CLOUD_PROVIDER": "aws",
    "CLOUD_CONTAINER": "bucket",
    "AWS_ACCESS_KEY_ID": "an-id",
    "AWS_SECRET_ACCESS_KEY": SECRET,
}


@pytest.mark.parametrize(
    ("wrong", "more"),
    [
        ({"CLOUD_CONTAINER": "a b"}, ["cloud: CLOUD_CONTAINER is not set"]),
        ({"CLOUD_CONTAINER": "a b", "BAR_INTERVAL": "7"}, ["cloud: CLOUD_CONTAINER is not set"]),
        (
            {"CLOUD_CONTAINER": "a b", "TRAILING": "stepped", "TRAIL_STEPS": "[[1"},
            ["cloud: CLOUD_CONTAINER is not set", "strategy: "],
        ),
        ({"CLOUD_PROVIDER": "asw"}, []),
        ({"AWS_ENDPOINT_URL": "localhost:9000"}, []),
        ({"ENABLE_CLOUD_SYNC": "treu", "AWS_SECRET_ACCESS_KEY": ""}, []),
        ({"AWS_SECRET_ACCESS_KEY": ""}, []),
    ],
)
def test_a_wrong_value_takes_its_group_along_and_no_other_and_a_cloud_stays_asked_for(
    env_file: Path, wrong: dict[str, str], more: list[str], tmp_path: Path
) -> None:
    env_file.write_text("FINNHUB_API_KEY=a-good-key\nSYMBOLS=KO\nSLIPPAGE_BPS=2\n")
    read = read_settings(env_file, CLOUD_ON | wrong)
    assert read.problems
    usable = read.without_blamed()
    settings = usable.required()
    assert settings.data.finnhub_api_key is not None
    assert settings.trading.symbols == ("KO",)
    assert settings.fills.slippage_bps == 2
    assert [line[: len(start)] for line, start in zip(usable.warnings, more, strict=True)] == more
    assert settings.cloud.is_asked_for
    with pytest.raises(BadInput, match="settings of the cloud"):
        storage_from(settings.cloud, tmp_path)


@pytest.mark.parametrize("off", ["false", "OFF", "0", ""])
def test_a_slip_in_a_cloud_that_nobody_asked_for_changes_no_place(
    env_file: Path, off: str, tmp_path: Path
) -> None:
    env_file.write_text("AWS_ENDPOINT_URL=localhost:9000\n")
    read = read_settings(env_file, CLOUD_ON | {"ENABLE_CLOUD_SYNC": off})
    assert read.problems
    cloud = read.without_blamed().required().cloud
    assert not cloud.is_asked_for
    assert str(storage_from(cloud, tmp_path)) == f"folder {tmp_path / 'copies'}"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert complaint_of_folder(tmp_path / "not" / "yet" / "there") is None
    assert "is no folder" in str(complaint_of_folder(tmp_path / "file"))
    assert "is no folder" in str(complaint_of_folder(tmp_path / "file" / "below"))
    (tmp_path / "shut").mkdir(mode=0o555)
    me = os.geteuid()
    # Root may write everywhere.
    os.seteuid(me or 65_534)
    try:
        assert "cannot be written" in str(complaint_of_folder(tmp_path / "shut" / "data"))
    finally:
        os.seteuid(me)


@pytest.mark.parametrize("name", ["x" * 300, "circle", "a\0b"])
def test_a_folder_that_no_file_system_takes_is_told_in_a_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "circle").symlink_to("circle")
    said = complaint_of_folder(tmp_path / name)
    assert said is not None
    assert "cannot be a folder: " in said
    assert said.isprintable()


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    # Such as a log: each of its lines would be a complaint.
    long = tmp_path / "long"
    long.write_text("a line of a log\n" * 20_000)
    for path, complaint in (
        (long, "longer than 256 kB"),
        (Path("/dev/zero"), "longer than 256 kB"),
        (tmp_path / "absent", "No such file"),
        (tmp_path, "Is a directory"),
        (binary, "not UTF-8"),
    ):
        (problem,) = read_settings(path, {}).problems
        assert complaint in problem


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_editor_ends_them(end: str, tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(f"SYMBOLS=AAPL{end}EXCHANGE=LSE{end}".encode())
    read = read_settings(path, {})
    assert read.required().trading.symbols == ("AAPL",)
    assert read.required().trading.exchange == "LSE"


def test_near_misses_in_the_environment_are_warned_about_and_strangers_are_not() -> None:
    environment = {
        "SYMBOL": "AAPL",
        "INITAL_CAPITAL": "1",
        "NOTIFY_ON_TRADES": "false",
        "PATH": "/bin",
        "HOSTNAME": "x",
        "PREFECT_API_URL": "http://x",
        "TICKET": "1",
    }
    read = read_settings(None, environment)
    assert [line.split()[0] for line in read.warnings] == [
        "INITAL_CAPITAL",
        "NOTIFY_ON_TRADES",
        "SYMBOL",
    ]
    assert "Did you mean INITIAL_CAPITAL?" in read.warnings[0]
    (warning,) = read_settings(None, {"IB_PORT": "1"}).warnings
    assert "Interactive Brokers" in warning


def test_a_secret_is_in_no_complaint_and_in_no_representation(env_file: Path) -> None:
    secrets = [name for name, field in FIELD_OF.items() if is_secret(field)]
    assert len(secrets) == 11
    values = dict.fromkeys(secrets, SECRET) | {
        "DISCORD_WEBHOOK_URL": f"https://discord.com/api/webhooks/1/{SECRET}",
        "NOTIFY_URLS": f"json://localhost/{SECRET}",
        "DEADMAN_URL": f"https://localhost/{SECRET}",
    }
    # Without a feed those keys are no use, and refused.
    lines = [*(f"{name}={value}" for name, value in values.items()), "ALPACA_FEED=iex"]
    env_file.write_text("\n".join([*lines, "INITIAL_CAPITAL=ten", f"FINHUB_API_KEY={SECRET}"]))
    read = read_settings(env_file, {})
    assert read.problems
    assert SECRET not in "".join(read.problems)
    env_file.write_text("\n".join(lines))
    read = read_settings(env_file, {})
    assert SECRET not in repr(read.required())
    assert set(read.required().secrets()) == set(values.values())


def test_the_distance_counts_a_swap_of_neighbours_as_one_slip() -> None:
    assert edit_distance("SYMBOLS", "SYMBOLS") == 0
    assert edit_distance("SYBMOLS", "SYMBOLS") == 1
    assert edit_distance("SYMBOL", "SYMBOLS") == 1
    assert edit_distance("CAT", "DOG") == 3


def test_every_variable_is_described() -> None:
    for variable in VARIABLES:
        if variable.fate in (Fate.KEPT, Fate.NEW):
            assert field_info(variable.field) is not None
        else:
            assert variable.hint
