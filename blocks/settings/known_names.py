"""Which names of `.env` and of the environment are settings, and what is said of the others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from blocks.settings.variables import FIELD_OF, Fate, find_variable, is_near_miss, nearest_name


def known_in_file(
    texts: Mapping[str, str], path: Path | None, problems: list[str]
) -> dict[str, str]:
    """Return what a file sets; a name that is no setting is one more problem."""
    known: dict[str, str] = {}
    for name, text in texts.items():
        variable = find_variable(name)
        if variable is None:
            near = nearest_name(name)
            hint = f"Did you mean {near}?" if near else "See openbell docs settings"
            problems.append(f"{path}: {name} is not known. {hint}")
        elif variable.fate in (Fate.RENAMED, Fate.REFUSED):
            problems.append(f"{path}: {name} is {variable.fate}. {variable.hint}")
        elif "\0" in text:
            problems.append(f"{path}: {name} holds a NUL, which is no letter. Write the value anew")
        elif text.strip():
            known[name] = text.strip()
    return known


def known_in_environment(variables: Mapping[str, str], warnings: list[str]) -> dict[str, str]:
    """Return what the environment sets; a name that was meant as a setting is warned of."""
    known: dict[str, str] = {}
    for name, text in sorted(variables.items()):
        if name in FIELD_OF:
            if text.strip():
                known[name] = text.strip()
            continue
        variable = find_variable(name)
        # Others use the environment too, so what is not ours is no reason to stop.
        if variable is not None and variable.fate in (Fate.RENAMED, Fate.REFUSED):
            warnings.append(f"{name} in the environment is not used. {variable.hint}")
        elif variable is None and is_near_miss(name):
            warnings.append(
                f"{name} in the environment is not used. Did you mean {nearest_name(name)}?"
            )
    return known
