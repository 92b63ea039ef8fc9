"""openbell check-broker: what the broker of the settings says now; nothing is ordered."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from flows.commands.arguments import symbols_argument
from trading.errors import BadInput

EXIT_FORBIDDEN = 1


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--symbols", type=symbols_argument, default=(), metavar="A,B")


def run(args: Namespace) -> int:
    """Print the account, the clock and each symbol; return 1 where something is not entered."""
    from flows.session.account.parts import PlainParts
    from tasks.session.broker_watch import OWN_TIME, seconds_ahead
    from trading.session.broker.answers import NotOffered
    from trading.session.broker.objections import not_entered, objections_of

    settings = args.settings
    if settings.broker.is_mock:
        raise BadInput("BROKER_TYPE is mock, and no broker is asked", "Set BROKER_TYPE=alpaca")
    symbols = args.symbols or settings.trading.symbols
    parts = PlainParts(settings.operations.data_dir, data=settings.data, broker=settings.broker)
    broker = parts.broker_exchange(symbols)
    try:
        account = broker.account()
        try:
            market = f"the market is {'open' if broker.clock().is_open else 'closed'}"
            ahead: float | None = seconds_ahead(broker)
        except NotOffered as error:
            # Only a test double has none, and everything else is to be seen all the same.
            market, ahead = str(error), None
        is_far = ahead is not None and abs(ahead) > OWN_TIME.total_seconds()
        said = objections_of(
            broker.name,
            account,
            [broker.instrument(symbol) for symbol in symbols],
            None if settings.broker.is_of_this_machine and is_far else ahead,
        )
        held, orders = broker.positions(), broker.open_orders()
    finally:
        broker.close()
    print(f"{broker.name}, account {account.number}, at {settings.broker.base_url}")
    print(
        f"equity {account.equity:,.2f} {account.currency}, cash {account.cash:,.2f},"
        f" buying power {account.buying_power:,.2f}"
    )
    print(market)
    print(f"holds {', '.join(f'{s} {n:+d}' for s, n in held.items()) or 'nothing'}")
    print(f"{len(orders)} open orders")
    for words in (*said.warnings, *said.unshortable.values()):
        print(f"warning: {words}")
    for symbol, why in said.forbidden.items():
        print(not_entered(symbol, why))
    if not said.forbidden:
        print(f"may be entered: {', '.join(symbols)}")
    return EXIT_FORBIDDEN if said.forbidden else 0
