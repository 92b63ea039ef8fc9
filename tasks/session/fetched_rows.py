"""What was fetched for a bar."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple

from trading.market.bars import BarRows


class FetchedRows(NamedTuple):
    """The rows of a bar, None when no source answered, and the seconds that asking took.

    `feeds` says by symbol which provider or feed they are of, where the source says so; `late`
    are the symbols of which a row came before it was over.
    """

    rows: BarRows | None
    seconds: float
    feeds: Mapping[str, str] = MappingProxyType({})
    late: Collection[str] = ()
