"""`python -m tasks.simulation.alpaca_double`: a broker on this machine to try settings against."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence

import uvicorn

from tasks.simulation.alpaca_double.arguments import make_double, parser
from tasks.simulation.alpaca_double.server import create_app
from trading.errors import BadInput, OpenbellError

EXIT_BAD_INPUT = 2
HOST = "127.0.0.1"


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; return the exit code."""
    chosen = parser().parse_args(arguments)
    try:
        double = make_double(chosen)
        listener = listen(chosen.port)
    except OpenbellError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    port = listener.getsockname()[1]
    print(f"ALPACA_BASE_URL=http://{HOST}:{port}")
    print(f"ALPACA_STREAM_URL=ws://{HOST}:{port}/stream", flush=True)
    config = uvicorn.Config(create_app(double), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
    return 0


def listen(port: int) -> socket.socket:
    """Return a socket that listens on this machine; raises BadInput where it cannot."""
    # Only of what it is told to be TCP asyncio sends small answers at once: a broker that keeps
    # each back for 40 ms would be measured in place of the session that asks it.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        # From here on a client waits to be served, and is not turned away.
        listener.listen()
    except (OSError, OverflowError) as error:
        raise BadInput(
            f"port {port} cannot be had: {error}", "Give --port 0 for a free one"
        ) from error
    return listener


if __name__ == "__main__":
    sys.exit(main())
