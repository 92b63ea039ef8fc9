"""Prefect's collections, which a server and a worker at rest keep in memory and never use.

Prefect imports every installed one when it starts. With Dask for large sweeps that is Dask itself
and numpy, 25 MB a process. Runs that use one import it themselves.
"""

from __future__ import annotations

from types import ModuleType


def load_no_collections() -> None:
    """Keep Prefect in this process from importing collections; call it before Prefect starts."""
    import prefect.plugins

    prefect.plugins.load_prefect_collections = _none


def _none(reload: bool = False) -> dict[str, ModuleType | Exception]:
    return {}
