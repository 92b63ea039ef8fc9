"""A user's own format of times, in the words of strptime."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from trading.errors import BadInput

# What a year, a day and a time of day may be written with; others depend on a machine's language.
DIRECTIVES = "YymdbBajHIpMSfzZ%"
_HINT = "Write it as strptime does, such as --time-format '%d.%m.%Y %H:%M:%S'"
_SAMPLE = datetime(2024, 11, 27, 13, 46, 50, tzinfo=UTC)


def check_time_format(form: str) -> None:
    """Raise BadInput unless a format tells a day and a time of day."""
    for directive in re.findall(r"%(.?)", form):
        if directive not in DIRECTIVES or not directive:
            known = " ".join(f"%{letter}" for letter in DIRECTIVES)
            raise BadInput(
                f"time format {form!r} has %{directive}, which is none of {known}", _HINT
            )
    try:
        read = datetime.strptime(_SAMPLE.strftime(form), form).replace(tzinfo=UTC)
    except (ValueError, re.error) as error:
        raise BadInput(f"time format {form!r} cannot be read with: {error}", _HINT) from error
    lost = [
        part
        for part in ("year", "month", "day", "hour", "minute")
        if getattr(read, part) != getattr(_SAMPLE, part)
    ]
    if lost:
        raise BadInput(f"time format {form!r} does not tell the {' and '.join(lost)}", _HINT)
