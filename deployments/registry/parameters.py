"""What a deployment's saved parameters become when the settings say other ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from blocks.saved.drift import Choice, Notes, Settled, flat, is_ours, nested, settle

STRATEGY = "strategy"


def settled_parameters(
    saved: Mapping[str, Any],
    wanted: Mapping[str, Any],
    notes: Notes,
    choice: Choice = Choice.ASK,
    is_named: Callable[[str], bool] = lambda name: True,
) -> tuple[dict[str, Any], Settled]:
    """Return the parameters that are to be saved, and what is to be said of them.

    Another strategy has other parameters: it takes the place of the saved one whole, or not.
    """
    has_another = STRATEGY in saved and _name(saved) != _name(wanted)
    if not has_another:
        settled = settle(flat(saved), flat(wanted), notes, choice, is_named)
        return nested(settled.values), settled
    theirs, ours = saved[STRATEGY], wanted[STRATEGY]
    change = f"strategy {_name(saved)} -> {_name(wanted)}"
    is_undecided = choice == Choice.ASK and not is_ours(flat({STRATEGY: theirs}), notes)
    takes_ours = choice == Choice.OVERWRITE or (choice == Choice.ASK and not is_undecided)
    rest = {name: value for name, value in wanted.items() if name != STRATEGY}
    kept = {name: value for name, value in saved.items() if name != STRATEGY}
    settled = settle(flat(kept), flat(rest), notes, choice, is_named)
    if takes_ours:
        settle({}, flat({STRATEGY: ours}), notes)
        settled.followed.append(change)
    elif is_undecided:
        settled.undecided.append(
            f"strategy is {_name(saved)} here, {_name(wanted)} in the settings"
        )
    return {**nested(settled.values), STRATEGY: ours if takes_ours else theirs}, settled


def _name(parameters: Mapping[str, Any]) -> str:
    """Return the name of a strategy, that of the file for one of the user's own."""
    strategy = parameters.get(STRATEGY) or {}
    return str(strategy.get("file") or strategy.get("strategy", "orb"))
