"""The commands of `python -m flows`, and what is said of a name that is none."""

from __future__ import annotations

from collections.abc import Iterable

from trading.errors import BadInput
from trading.near_names import nearest_of

# Each is a module with add_arguments(parser) and run(args) -> exit code; it is imported only when
# it is called, so that no command waits for another's packages.
COMMANDS = {
    "backtest": "run a strategy over past bars and write its trades and figures",
    "sweep": "run a strategy with many sets of parameters, and say how much of the best is luck",
    "walk-forward": "choose the best set on past sessions, trade it on later ones, and go on",
    "import-bars": "take the user's own files into the archive",
    "fetch": "fill the archive with a provider's bars",
    "run": "trade sessions on paper, now or replayed",
    "show-status": "show account, positions, orders, trades and health",
    "validate-config": "show every setting and where it comes from",
    "check-broker": "ask the broker of the settings what it lets this account trade",
    "parity": "replay closed sessions, compare them with their journals, and price their fills",
    "note-trade": "keep a person's words beside a closed trade",
    "explain": "say why a symbol was or was not traded at a bar",
    "runs": "list the backtests that were kept",
    "compare": "show in what kept backtests differ: parameters, figures, equity, trades",
    "null-test": "run a strategy on random walks, where it must earn nothing",
    "look-ahead-test": "check that cutting the future off changes nothing before the cut",
    "simulate": "trade seeded sessions while everything around them goes wrong",
    "transfer": "put money into an account between sessions, or take it out",
    "halt": "forbid entries until resumed",
    "flatten": "leave every position, and halt",
    "resume": "allow entries again",
    "sync": "put a verified copy of an account where copies are kept",
    "deliver": "send the messages that ended sessions left behind",
    "restore": "put a copy in the place of an account's ledger",
}
# The folders of flows.commands, by what a command is about.
_FOLDERS = {
    "research": (
        "backtest", "sweep", "walk-forward", "runs", "compare", "null-test", "look-ahead-test",
        "simulate",
    ),
    "account": (
        "run", "halt", "flatten", "resume", "transfer", "note-trade", "show-status", "explain",
        "parity", "validate-config", "check-broker", "deliver",
    ),
    "bars": ("import-bars", "fetch"),
    "copies": ("sync", "restore"),
}  # fmt: skip
MODULES = {
    name: f"flows.commands.{folder}.{name.replace('-', '_')}"
    for folder, names in _FOLDERS.items()
    for name in names
}


def no_command(name: str, commands: Iterable[str]) -> BadInput:
    """Return what is said of a name that is none of the commands."""
    known = list(commands)
    near = nearest_of(name, known)
    hint = f"Did you mean {near}?" if near else f"Use one of: {', '.join(known)}"
    return BadInput(f"there is no command {name!r}", hint)
