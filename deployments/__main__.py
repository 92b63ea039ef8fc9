"""What serves: `openbell demo`, `up`, `service`, `register`, `shell` and `docs`."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from blocks.process.files.private_files import keep_private
from blocks.process.open_files import allow_enough_files
from blocks.process.secret_mask import MASK
from blocks.process.shutdown import leave, reader_is_gone, run_shutdown_handlers
from blocks.process.stop_request import StopRequest
from blocks.process.web.auth_string import auth_file
from blocks.process.web.door import refuse_beyond_this_machine
from blocks.process.web.prefect_place import ui_url
from deployments.errands.errands import Errands
from deployments.openbell import SERVING
from deployments.processes.api_server import ApiServer
from deployments.processes.home import (
    AUTH_VARIABLES,
    PREFECT_FILE,
    REPOSITORY,
    Home,
    working_folder,
)
from deployments.registry.keep_registered import Registration
from deployments.server.worker import WORK_POOL
from deployments.shell import server_of, shell, shell_line
from deployments.start_settings import configure
from deployments.supervisor import FIRST_REGISTER_LIMIT_S, FOLLOW, TELL, Supervisor
from flows.commands.examples import example
from trading.errors import OpenbellError, SourceUnavailable, StoreUnavailable

TEND_EVERY_S = 1.0


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    allow_enough_files()
    return _run(arguments_parser().parse_args(arguments))


def arguments_parser() -> argparse.ArgumentParser:
    """Return the parser of what serves."""
    parser = argparse.ArgumentParser(prog="openbell", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in SERVING.items():
        command = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=example(name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == "docs":
            command.add_argument("page", nargs="?", help="its name, such as rules or adr/0001")
            continue
        command.add_argument(
            "--data-dir",
            type=Path,
            metavar="DIR",
            help="accounts, bars and results; DATA_DIR, data when left out",
        )
        command.add_argument("--env-file", type=Path, metavar="FILE", help="settings, else .env")
        command.add_argument(
            "--prefect-file",
            type=Path,
            default=PREFECT_FILE,
            metavar="FILE",
            help="the deployments to register; flow runs work in its folder",
        )
        if name == "demo":
            command.add_argument(
                "--quick", action="store_true", help="without Prefect, in half a minute"
            )
            command.add_argument(
                "--stay",
                action=argparse.BooleanOptionalAction,
                default=sys.stdin.isatty() and sys.stdout.isatty(),
                help="answer at the addresses until Ctrl-C, as it does at a terminal",
            )
        if name == "register":
            choice = command.add_mutually_exclusive_group()
            choice.add_argument(
                "--overwrite",
                dest="choice",
                action="store_const",
                const="overwrite",
                default="ask",
                help="replace what was changed in the UI",
            )
            choice.add_argument(
                "--keep",
                dest="choice",
                action="store_const",
                const="keep",
                help="keep what was changed in the UI, until the settings change again",
            )
            # For the supervisor alone, which knows that the server is this folder's: a copied
            # folder has the port of the one that it was copied from.
            command.add_argument(FOLLOW, action="store_true", help=argparse.SUPPRESS)
            command.add_argument(TELL, action="store_true", help=argparse.SUPPRESS)
    return parser


def _run(chosen: argparse.Namespace) -> int:
    # Whoever is started from here makes its files the same way.
    keep_private()
    try:
        if chosen.command == "docs":
            # Imported here, as whatever a supervisor has no use for.
            from deployments.pages import show_page

            return show_page(chosen.page)
        configured = configure(chosen.env_file)
        home = Home.at(chosen.data_dir or Path(configured.data_dir))
        if chosen.command == "shell":
            return shell(home)
        if chosen.command == "service":
            # Imported here, as what an `up` that it starts has no use for.
            from deployments.service import unit

            end_s = configured.shutdown_timeout_seconds
            files = chosen.env_file, chosen.prefect_file
            print(unit(home.data_dir, Path.cwd(), end_s, *files), end="")
            return 0
        if chosen.command == "register":
            prefect_file = chosen.prefect_file.resolve()
            if chosen.only_follow_moved_folder:
                return follow(home, prefect_file)
            tells = chosen.tell_what_accounts_refuse
            return register(home, prefect_file, chosen.choice, tells_refusals=tells)
        if chosen.command == "demo" and chosen.quick:
            # Imported here: `up` shows nothing, and would carry rich, DuckDB and numpy for months.
            from deployments.run_demo import run_quick_demo

            return run_quick_demo(home, configured)
        if home.asks_elsewhere() is None:
            MASK.learn([home.auth_string()])
        should_stop = StopRequest()
        should_stop.listen()
        if chosen.command == "demo":
            # No session of today may start between the replay and the backtest.
            os.environ["PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED"] = "false"
        has_api = chosen.command == "up" or chosen.stay
        if has_api and not configured.has_api_token:
            refuse_beyond_this_machine(configured.api_host)
        api_server = ApiServer(home, configured.api_host, configured.health_check_port, _say)
        supervisor = Supervisor(
            home,
            _say,
            should_stop,
            chosen.prefect_file.resolve(),
            configured.shutdown_timeout_seconds,
            api_server if has_api else None,
            configured.allowed_hosts,
            configured.broker_account,
        )
        if chosen.command == "demo":
            from deployments.run_demo import run_demo

            return run_demo(supervisor, api_server, who_may_ask, stays=chosen.stay)
        return up(
            supervisor,
            api_server,
            has_dead_man=configured.has_dead_man,
            copies_leave=configured.copies_leave,
        )
    except OpenbellError as error:
        print(f"error: {MASK.text(str(error))}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return reader_is_gone()
    finally:
        run_shutdown_handlers()


def up(
    supervisor: Supervisor,
    api_server: ApiServer | None = None,
    *,
    has_dead_man: bool = False,
    copies_leave: bool = False,
) -> int:
    """Run server, worker and API until a signal arrives."""
    try:
        with supervisor.running():
            supervisor.register(limit_s=FIRST_REGISTER_LIMIT_S)
            supervisor.say(
                f"Openbell is up. UI: {ui_url(supervisor.api_url)}"
                + (f"   live page: {api_server.url}/" if api_server else "")
                + f"   logs: {supervisor.home.logs}   stop with Ctrl-C"
            )
            for line in who_may_ask(supervisor):
                supervisor.say(line)
            registration = Registration(supervisor.register, supervisor.say, time.monotonic())
            errands = Errands(
                supervisor.home,
                lambda: supervisor.api_url,
                time.monotonic(),
                supervisor.say,
                has_dead_man=has_dead_man,
                copies_leave=copies_leave,
            )
            while not supervisor.should_stop():
                supervisor.tend()
                registration.tend(time.monotonic())
                errands.tend(time.monotonic())
                supervisor.should_stop.pause(TEND_EVERY_S)
            supervisor.say("Stopping")
    except OpenbellError:
        # A server that is stopped while it starts is no failure.
        if not supervisor.should_stop():
            raise
    supervisor.say("Stopped")
    return 0


def who_may_ask(supervisor: Supervisor) -> list[str]:
    """Return how the page and a shell get the string that a server of our own asks for."""
    if supervisor.server.child is None:
        return []
    home = supervisor.home
    kept = str(auth_file(home.data_dir))
    given = next((name for name in AUTH_VARIABLES if os.environ.get(name)), None)
    return [
        f"The page asks once for a string: it is in {given or kept}",
        f"For prefect's commands in your shell:  {shell_line(home)}",
    ]


def register(home: Home, prefect_file: Path, choice: str, *, tells_refusals: bool = False) -> int:
    """Register blocks and deployments at the environment's server or this folder's.

    `choice` is a `Choice` about what was changed by hand. Where an account refuses the settings
    nothing is registered, unless that is only to be told.
    """
    _use_known_server(home)
    # Only now: Prefect reads its settings when it is imported.
    import asyncio

    from blocks.account.terms import alert, complaints_of_accounts
    from blocks.saved.drift import Choice, WrittenValues
    from blocks.settings.reader import read_settings
    from deployments.registry import register as registration
    from deployments.registry.named import named_parameters
    from deployments.registry.spec import read_specs

    configured = read_settings().required()
    asked = (
        configured.trading.exchange,
        configured.data.primary_provider,
        configured.broker.account,
    )
    for complaint in complaints_of_accounts(home.data_dir, *asked, is_scheduled=True):
        if not tells_refusals:
            raise complaint.error
        _say(str(complaint.told))
        # A ledger that is held for long is no reason to register nothing.
        with contextlib.suppress(StoreUnavailable):
            alert(home.data_dir, complaint, datetime.now(UTC))
    written, chosen = WrittenValues(home.prefect / "registered.json"), Choice(choice)

    async def run() -> list[str]:
        return await registration.register(
            await read_specs(prefect_file),
            working_folder(prefect_file),
            WORK_POOL,
            datetime.now(UTC),
            written,
            chosen,
            named_parameters(),
        )

    try:
        for line in registration.register_blocks(home.data_dir, configured, written, chosen):
            _say(line)
        for line in asyncio.run(run()):
            _say(line)
    finally:
        written.save()
    return 0


def follow(home: Home, prefect_file: Path) -> int:
    """Tell the server of a folder that was moved where it is now, and nothing else."""
    _use_known_server(home)
    import asyncio

    from deployments.registry.follow_moved_folder import follow_moved_folder
    from deployments.registry.spec import read_specs

    async def run() -> list[str]:
        return await follow_moved_folder(home, await read_specs(prefect_file))

    for line in asyncio.run(run()):
        _say(line)
    return 0


def _use_known_server(home: Home) -> None:
    server = server_of(home)
    api = server.connect()
    if not api.is_healthy():
        raise SourceUnavailable(
            f"the Prefect server {server.api_url} does not answer",
            "Start it with: openbell up",
        )
    api.greet()
    api.close()
    os.environ.update(home.environment(server.api_url))
    os.chdir(REPOSITORY)


def _say(text: str) -> None:
    # What is under way goes on when nobody reads any more (`| head`), or a log's disk is full.
    with contextlib.suppress(OSError):
        print(MASK.text(text), flush=True)


if __name__ == "__main__":
    leave(main())
