"""The tables of a ledger: journal, operators' words, and what people read of them."""

from __future__ import annotations

from blocks.ledger.lease import LEASE_SCHEMA
from blocks.ledger.parity.tables import PARITY_SCHEMA

SCHEMA = (
    LEASE_SCHEMA
    + """
CREATE TABLE IF NOT EXISTS meta (name VARCHAR PRIMARY KEY, value VARCHAR);
CREATE TABLE IF NOT EXISTS journal (
    seq BIGINT PRIMARY KEY, ts TIMESTAMPTZ, session DATE, kind VARCHAR, payload VARCHAR
);
CREATE TABLE IF NOT EXISTS commands (
    number BIGINT PRIMARY KEY, ts TIMESTAMPTZ, command VARCHAR, reason VARCHAR
);
CREATE TABLE IF NOT EXISTS orders (
    client_order_id VARCHAR PRIMARY KEY, session DATE, symbol VARCHAR, leg VARCHAR,
    quantity BIGINT, filled BIGINT, price DECIMAL(18,6), status VARCHAR, reason VARCHAR
);
CREATE TABLE IF NOT EXISTS trades (
    session DATE, number BIGINT, symbol VARCHAR, side VARCHAR, quantity BIGINT,
    entry_time TIMESTAMPTZ, entry_price DECIMAL(18,6),
    exit_time TIMESTAMPTZ, exit_price DECIMAL(18,6), exit_reason VARCHAR,
    pnl DECIMAL(18,6), pnl_pct DOUBLE, r_multiple DOUBLE, strategy VARCHAR,
    PRIMARY KEY (session, number)
);
CREATE TABLE IF NOT EXISTS positions (
    symbol VARCHAR, quantity BIGINT, entry_time TIMESTAMPTZ, entry_price DECIMAL(18,6),
    mark DECIMAL(18,6), stop DECIMAL(18,6), target DECIMAL(18,6), exit_reason VARCHAR
);
CREATE TABLE IF NOT EXISTS equity (ts TIMESTAMPTZ PRIMARY KEY, session DATE, equity DECIMAL(18,6));
CREATE TABLE IF NOT EXISTS transfers (
    number BIGINT PRIMARY KEY, ts TIMESTAMPTZ, session DATE, amount DECIMAL(18,6), note VARCHAR
);
CREATE TABLE IF NOT EXISTS decisions (
    session DATE, bar TIMESTAMPTZ, symbol VARCHAR, reason VARCHAR, price DECIMAL(18,6),
    range_high DECIMAL(18,6), range_low DECIMAL(18,6), stop DECIMAL(18,6),
    target_offset DOUBLE, quantity BIGINT, atr DOUBLE, equity DECIMAL(18,6),
    level DECIMAL(18,6), score DOUBLE, relative_opening_volume DOUBLE,
    target_kind VARCHAR DEFAULT 'usd', PRIMARY KEY (bar, symbol)
);
CREATE TABLE IF NOT EXISTS universe (
    session DATE, symbol VARCHAR, verdict VARCHAR, rank BIGINT, open DECIMAL(18,6),
    daily_atr DOUBLE, daily_volume DOUBLE, relative_opening_volume DOUBLE,
    PRIMARY KEY (session, symbol)
);
CREATE TABLE IF NOT EXISTS outbox (
    number BIGINT, id VARCHAR PRIMARY KEY, session DATE, kind VARCHAR, ts TIMESTAMPTZ,
    payload VARCHAR
);
CREATE TABLE IF NOT EXISTS outbox_sendings (
    channel VARCHAR, id VARCHAR, status VARCHAR, attempts BIGINT, may_have_arrived BOOLEAN,
    changed TIMESTAMPTZ, detail VARCHAR, PRIMARY KEY (channel, id)
);
CREATE TABLE IF NOT EXISTS outbox_channels (
    channel VARCHAR, address VARCHAR, wanted VARCHAR, holder VARCHAR, drain VARCHAR,
    claimed_until TIMESTAMPTZ, paused_until TIMESTAMPTZ, refused VARCHAR
);
"""
    + PARITY_SCHEMA
)
