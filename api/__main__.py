"""`openbell api`: the live page, health probes, metrics and the read-only API of a data folder."""

from __future__ import annotations

import argparse
import errno
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from api.app import create_app
from api.impatient_protocol import ImpatientProtocol
from api.live.event_routes import Watchers
from api.prompt_server import PromptServer
from blocks.account.absence import refuse_absent
from blocks.account.names import may_be_called
from blocks.live.source import Source
from blocks.process.files.private_files import keep_private
from blocks.process.logs import install_logs
from blocks.process.memory import give_back_beside
from blocks.process.secret_mask import MASK
from blocks.process.web.door import WebDoor, in_url, refuse_beyond_this_machine
from blocks.settings.reader import read_settings
from flows.commands.examples import example
from trading.errors import BadInput, OpenbellError

EXIT_BAD_INPUT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; return the exit code."""
    chosen = arguments_parser().parse_args(arguments)
    keep_private()
    try:
        return _serve(chosen)
    except OpenbellError as error:
        print(f"error: {MASK.text(str(error))}", file=sys.stderr)
        return EXIT_BAD_INPUT


def arguments_parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = argparse.ArgumentParser(
        prog="openbell api",
        description=__doc__,
        epilog=example("api"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="DATA_DIR, data when left out")
    parser.add_argument(
        "--account",
        help="which `/` shows; when left out one at a broker, else paper, else simulated, else the"
        " one used last",
    )
    parser.add_argument("--host", help="API_HOST, 127.0.0.1 when left out")
    parser.add_argument("--port", type=int, help="HEALTH_CHECK_PORT, 8085 when left out")
    # Of `up`, whose sessions have these settings; elsewhere nobody knows what will trade.
    parser.add_argument("--of-up", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--env-file", type=Path, metavar="FILE", help="settings, else .env")
    return parser


def _serve(chosen: argparse.Namespace) -> int:
    read = read_settings(chosen.env_file)
    settings = read.required()
    MASK.learn(read.secrets())
    folder = (chosen.data_dir or settings.operations.data_dir).expanduser()
    host = chosen.host or settings.api.api_host
    port = settings.api.health_check_port if chosen.port is None else chosen.port
    token = settings.api.api_token
    if token is None:
        refuse_beyond_this_machine(host)
    if chosen.account is not None and not may_be_called(chosen.account):
        refuse_absent(folder, chosen.account)
    listener = listen(host, port)
    # Before the first session there may be no folder; logs alone are no reason to make it.
    install_logs(
        folder if folder.is_dir() else None,
        settings.operations.log_level,
        environment=settings.operations.environment,
        console=sys.stderr,
    )
    source = Source(
        folder,
        chosen.account,
        settings.operations.environment,
        settings.data.settle_seconds,
        settings.trading.exchange,
        asked_exchange=(
            settings.trading.exchange if chosen.of_up or read.is_given("trading.exchange") else None
        ),
    )
    origins = settings.api.api_cors_origins
    watchers = Watchers()
    secret = None if token is None else token.get_secret_value()
    app = create_app(source, origins, secret, watchers)
    door = WebDoor(app, [host, *settings.api.allowed_hosts], origins)
    number = listener.getsockname()[1]
    source.ask_ahead()
    give_back_beside()
    print(f"listening at http://{in_url(host)}:{number} for {folder}", flush=True)
    config = uvicorn.Config(
        door,
        http=ImpatientProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    PromptServer(config, watchers.close).run(sockets=[listener])
    return 0


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raises BadInput where it cannot."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # Only of what it is told to be TCP asyncio sends small answers at once.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(128)
        except BaseException:
            listener.close()
            raise
        return listener
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise BadInput(
                f"port {port} at {host} is in use",
                "Stop the other process, or choose another with --port or HEALTH_CHECK_PORT",
            ) from error
        raise BadInput(
            f"cannot listen at {host} port {port}: {getattr(error, 'strerror', None) or error}",
            "Check API_HOST and HEALTH_CHECK_PORT",
        ) from error


if __name__ == "__main__":
    sys.exit(main())
