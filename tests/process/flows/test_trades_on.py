"""What is wrong beside the trading does not stop it: a session trades on, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr

from blocks.archive.archive import BarArchive
from blocks.copies.comparison import Standing
from blocks.copies.restore import RestoreReport
from blocks.ledger.ledger import DuckDBLedger
from blocks.markets.simulated_market import SimulatedMarketData
from blocks.messages.settings import NotificationSettings
from blocks.process.clocks import SystemClock
from blocks.providers.chain import ProviderChain
from blocks.storage.local import LocalStorage
from blocks.storage.settings import CloudProvider, CloudSettings, UnreadableCloud
from flows.session.account import copies
from flows.session.account.copies import bring_back, storage_of
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from tests.servers import object_stores
from tests.terminal import flows
from tests.unit.blocks.providers.fetched import fetched
from trading.errors import BadInput, SourceUnavailable, StoreUnavailable
from trading.market.bars import BarRows
from trading.market.calendar import Session
from trading.plan import RunPlan
from trading.plan_record import refuse_another_market
from trading.session.ports import MarketData, Notifier, Storage

SYMBOLS = ("AAPL", "MSFT")
DAY = "2025-06-10"
# Longer bars keep a session short.
MINUTES = 30


class Heard:
    """A notifier that keeps what it was told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def send(self, kind: str, text: str, **fields: object) -> None:
        self.texts.append(f"{kind}: {text} {fields}")

    @property
    def trouble(self) -> str:
        return "\n".join(text for text in self.texts if text.startswith("SYSTEM_"))


@dataclass(frozen=True)
class HeardParts(PlainParts):
    heard: Heard = field(default_factory=Heard)

    def notifier(self) -> Notifier:
        return self.heard


def session(
    parts: PlainParts, *, stop: str = "range", minutes: int = MINUTES, dry_run: bool = False
) -> SessionRequest:
    """Return the day's session, in which there are trades."""
    return SessionRequest(
        parts, replay=DAY, symbols=SYMBOLS, interval_minutes=minutes, dry_run=dry_run,
        settings={"min_body": 0, "stop": stop, "range_minutes": minutes},
    )  # fmt: skip


def trade(parts: PlainParts, *, stop: str = "range", minutes: int = MINUTES) -> int:
    """Replay the day and return how many trades the ledger has."""
    request = session(parts, stop=stop, minutes=minutes)
    assert asyncio.run(run_account(request)) == 1
    ledger = DuckDBLedger(parts.data_dir, request.account)
    return int(ledger.query("SELECT count(*) AS n FROM trades")[0]["n"])


def test_a_webhook_that_is_none_costs_the_messages_and_nothing_else(tmp_path: Path) -> None:
    url = SecretStr("https://example.com/planted-t0ken")
    parts = HeardParts(tmp_path, notifications=NotificationSettings(discord_webhook_url=url))
    assert trade(parts) >= 1
    assert "a channel of messages is left out: DISCORD_WEBHOOK_URL is not" in parts.heard.trouble
    assert "planted-t0ken" not in parts.heard.trouble


class ColdMarket(SimulatedMarketData):
    """Bars of now from a source whose past does not answer."""

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        raise SourceUnavailable("yahoo answers HTTP 502", "Try again later")


@dataclass(frozen=True)
class ColdParts(HeardParts):
    def market(self, plan: RunPlan, *, is_replay: bool) -> MarketData:
        return ColdMarket(plan.symbols, plan.exchange, plan.interval_minutes, 1)


def test_without_a_past_the_session_begins_cold_and_says_so(tmp_path: Path) -> None:
    parts = ColdParts(tmp_path)
    # Bars enough for a stop by what came since.
    assert trade(parts, stop="atr", minutes=15) >= 1
    said = parts.heard.trouble
    assert "indicators begin cold" in said
    assert "without a past, of AAPL, MSFT: yahoo" in said


class SimulatedSource(SimulatedMarketData):
    """The simulated market as a provider."""

    def fetch(self, symbols: Sequence[str], start: object, end: object) -> object:
        from trading.market.calendar import sessions_between

        session = sessions_between("NYSE", start.date(), start.date())[0]  # type: ignore[attr-defined]
        rows = self.rows(symbols, session, start, end)  # type: ignore[arg-type]
        return fetched(rows, symbols, end, "simulated")  # type: ignore[arg-type]


@dataclass(frozen=True)
class ArchivedParts(HeardParts):
    def market(self, plan: RunPlan, *, is_replay: bool) -> MarketData:
        source = SimulatedSource(plan.symbols, plan.exchange, plan.interval_minutes, 1)
        keep = BarArchive(self.data_dir, plan.interval_minutes, SystemClock()).upsert
        return ProviderChain([source], plan.interval_minutes, keep)  # type: ignore[list-item]


def test_a_damaged_archive_costs_no_bar_that_is_traded_on(tmp_path: Path) -> None:
    expected = trade(PlainParts(tmp_path / "sound"))
    damaged = tmp_path / "damaged" / "bars" / "30m" / "2025-06.parquet"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"PAR1 and no more")
    parts = ArchivedParts(tmp_path / "damaged")
    assert trade(parts) == expected
    told = f"archive: fetched bars are not stored: {damaged} cannot be read as bars"
    assert parts.heard.trouble.count(told) == 1
    assert damaged.read_bytes() == b"PAR1 and no more"


@pytest.mark.parametrize("fault", ["wrong secret", "no bucket", "no server"])
def test_copies_that_are_refused_do_not_undo_a_session(fault: str, tmp_path: Path) -> None:
    with object_stores.rclone(tmp_path) as server:
        secret = "wrong-planted-secret" if fault == "wrong secret" else server.secret_key
        cloud = CloudSettings(
            enable_cloud_sync=True,
            cloud_provider=CloudProvider.AWS,
            cloud_container="absent" if fault == "no bucket" else server.new_container(),
            aws_endpoint_url="http://127.0.0.1:9" if fault == "no server" else server.url,
            aws_access_key_id=SecretStr(server.access_key),
            aws_secret_access_key=SecretStr(secret),
        )
        parts = HeardParts(tmp_path / "data", cloud=cloud)
        assert trade(parts) >= 1
        assert "No copy was made" in parts.heard.trouble
        ledger = DuckDBLedger(parts.data_dir, "replay")
        told = ledger.query("SELECT payload FROM outbox WHERE kind = 'SYSTEM_ERROR'")
        assert len(told) == 1
        assert "No copy was made" in str(told[0]["payload"])
        live = SessionRequest(PlainParts(tmp_path / "data", cloud=cloud), symbols=SYMBOLS)
        heard = Heard()
        # A ledger that is here is traded on; without one nothing begins beside its copies.
        (tmp_path / "data" / "replay").rename(tmp_path / "data" / "simulated")
        bring_back(live, parts.storage(), heard)
        assert "the local ledger is used" in heard.texts[0]
        (tmp_path / "data" / "simulated").rename(tmp_path / "data" / "replay")
        with pytest.raises((BadInput, StoreUnavailable)):
            bring_back(live, parts.storage(), heard)
        assert "wrong-planted-secret" not in parts.heard.trouble


def test_wrong_settings_of_the_copies_keep_them_here_where_there_is_a_ledger(
    tmp_path: Path,
) -> None:
    trade(PlainParts(tmp_path))
    cloud = CloudSettings(
        enable_cloud_sync=True,
        cloud_provider=CloudProvider.AWS,
        cloud_container="bucket",
        aws_endpoint_url="no address",
    )
    parts, heard = PlainParts(tmp_path, cloud=cloud), Heard()
    here = SessionRequest(parts, replay=DAY, symbols=SYMBOLS)
    notifier: Notifier = heard
    assert str(tmp_path / "copies") in str(storage_of(here, notifier))
    assert (
        "copies stay on this machine: bucket bucket at no address cannot be used" in heard.texts[0]
    )
    with pytest.raises(BadInput, match="cannot be used"):
        storage_of(SessionRequest(parts, symbols=SYMBOLS), notifier)


def test_where_the_place_of_copies_is_wrong_the_folder_in_its_stead_is_not_asked_for_the_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Storage] = []
    found = RestoreReport("simulated", "", 0, Standing.ABSENT, is_restored=False)
    monkeypatch.setattr(
        copies, "restore_if_newer", lambda storage, *_: asked.append(storage) or found
    )
    parts, heard = PlainParts(tmp_path, cloud=UnreadableCloud()), Heard()
    live = SessionRequest(parts, symbols=SYMBOLS)
    with pytest.raises(BadInput, match="settings of the cloud"):
        storage_of(live, heard)
    DuckDBLedger(tmp_path, "simulated").acquire_lease()
    bring_back(live, storage_of(live, heard), heard)
    assert asked == []
    assert "copies stay on this machine" in heard.texts[0]
    # The same folder is asked where it is the one that is meant.
    folder = LocalStorage(tmp_path / "copies")
    bring_back(live, folder, heard)
    assert asked == [folder]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no database" * 2_000, "openbell restore"),
        (None, "Is a directory"),
    ],
)
def test_a_ledger_that_cannot_be_read_is_left_as_it_is_and_told_in_one_line(
    content: bytes | None, words: str, tmp_path: Path
) -> None:
    ledger = tmp_path / "replay" / "ledger.duckdb"
    ledger.parent.mkdir()
    if content is None:
        ledger.mkdir()
    else:
        ledger.write_bytes(content)
    done = flows("run", "--replay", DAY, "--symbols", "AAPL", "--data-dir", tmp_path)
    told = done.stderr.strip()
    assert done.returncode == 2
    assert "\n" not in told
    assert str(ledger) in told
    assert words in told
    assert ledger.is_dir() if content is None else ledger.read_bytes() == content
    assert not (tmp_path / "replay" / "exchange-mock.duckdb").exists()


def test_the_ledger_of_another_account_is_not_traded_on(tmp_path: Path) -> None:
    trade(PlainParts(tmp_path))
    (tmp_path / "replay").rename(tmp_path / "replay-dry-run")
    with pytest.raises(BadInput, match="is the ledger of account 'replay', not of"):
        asyncio.run(run_account(session(PlainParts(tmp_path), dry_run=True)))


def test_a_key_that_comes_or_goes_does_not_make_the_account_another() -> None:
    source = SimulatedSource(SYMBOLS, "NYSE", 5, 1)
    for sources in ([source], [source, source]):
        chain = ProviderChain(sources, 5)  # type: ignore[arg-type]
        known = {"source": chain.family, "exchange": "NYSE"}
        refuse_another_market(known, "NYSE", "paper", has_simulated_bars=False)
    with pytest.raises(BadInput, match="real bars and cannot go on with simulated"):
        refuse_another_market(known, "NYSE", "paper", has_simulated_bars=True)
    with pytest.raises(BadInput, match="DATA_DIR=data-real"):
        refuse_another_market({"source": source.name}, "NYSE", "paper", has_simulated_bars=False)


def test_telemetry_that_cannot_be_written_is_told_of_once(tmp_path: Path) -> None:
    broken = tmp_path / "replay" / "telemetry.duckdb"
    broken.parent.mkdir()
    broken.write_bytes(b"no database" * 1000)
    shorter = ("--interval", MINUTES, "--set", f"range_minutes={MINUTES}")
    done = flows("run", "--replay", DAY, "--symbols", "AAPL", *shorter, "--data-dir", tmp_path)
    assert done.returncode == 0
    assert done.stderr.count("telemetry was skipped") == 1
