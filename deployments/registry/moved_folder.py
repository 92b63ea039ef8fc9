"""A data folder that was moved or copied: which place it left, and what it is called now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence


def old_place(ledger: str | None, named: Sequence[str], ours: str) -> str | None:
    """Return the folder that was moved to `ours`, None where it is somebody's wish or unclear.

    `ledger` is what the saved block says, `named` what those deployments say that are to trade in
    `ours`. One that names `ours` was registered here: the block's place is its user's wish then.
    So may be a single deployment's.
    """
    if ledger is None or ledger == ours or ours in named or named.count(ledger) < 2:
        return None
    return ledger


def moved_values(
    values: Mapping[str, object], places: Collection[str], ours: str
) -> dict[str, object]:
    """Return the values that name one of the old places, or something in it, with `ours`."""
    changed: dict[str, object] = {}
    # A place may lie in another; what is in the inner one is not in the outer one.
    inner_first = sorted(places, key=len, reverse=True)
    for name, value in values.items():
        if not isinstance(value, str) or _is_in(value, ours):
            continue
        place = next((place for place in inner_first if _is_in(value, place)), None)
        if place is not None:
            changed[name] = ours + value.removeprefix(place)
    return changed


def _is_in(value: str, place: str) -> bool:
    return value == place or value.startswith(f"{place}/")
