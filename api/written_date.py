"""A date as people write it: other texts and numbers that Python also reads are none."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator

_WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def written_date(text: object) -> date | None:
    """Return the date that is written as 2025-06-10, None for any other text."""
    # Python also reads 20250610, and pydantic takes 0 for seconds since 1970.
    if isinstance(text, str) and _WRITTEN.fullmatch(text):
        with suppress(ValueError):
            return date.fromisoformat(text)
    return None


def _date(text: object) -> date:
    found = text if isinstance(text, date) else written_date(text)
    if found is None:
        raise ValueError(f"{text!r} is no date. Write it as 2025-06-10")
    return found


WrittenDate = Annotated[date, BeforeValidator(_date)]
