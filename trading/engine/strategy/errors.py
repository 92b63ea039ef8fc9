"""Mistakes in a user's strategy, said in one line: where in the file, and with which values."""

from __future__ import annotations

import ast
import linecache
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from numbers import Real
from operator import index
from pathlib import Path
from types import FrameType, ModuleType
from typing import NamedTuple, SupportsIndex

from trading.errors import BadInput, OpenbellError

HINT = "openbell docs strategies shows what a strategy file holds"
_MOST_VALUES = 4
_ENGINE = Path(__file__).parents[1]
# Functions of the engine that look at answers, and of the strategy that gave them.
_ASKED = {
    "checked_signal": "signal",
    "checked_screen": "screen",
    "checked_leave": "leave",
    # Of the first version.
    "signal": "signal",
    "screen": "screen",
    "ask": "signal",
    "let_screen": "screen",
}
# What those call the answer.
_ANSWERS = ("said", "entry")


class Place(NamedTuple):
    """What the numbers of symbols and sessions stand for, where an error may come from a bar."""

    symbols: Sequence[str] = ()
    dates: Sequence[date] = ()


NOWHERE = Place()


@contextmanager
def mistakes_explained(module: ModuleType, place: Place = NOWHERE) -> Iterator[None]:
    """Turn what a user's strategy raises into BadInput; what is not its own passes as it is.

    So with `sys.exit`, after which a run would have ended in silence.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        mistake = mistake_of(error, module, place)
        if mistake is None:
            raise
        raise mistake from error


def mistake_of(
    error: Exception | SystemExit, module: ModuleType, place: Place = NOWHERE
) -> BadInput | None:
    """Return an exception as one line about the user's strategy that it came from.

    None where it did not come from there, or is a line already.
    """
    file = user_file(module)
    if file is None:
        return None
    calls = list(traceback.walk_tb(error.__traceback__))
    frames = [frame for frame, _ in calls]
    at = _where(frames, place)
    own = [i for i, frame in enumerate(frames) if frame.f_code.co_filename == file]
    if own:
        summary = traceback.extract_tb(error.__traceback__)[own[-1]]
        text = _expression(summary)
        return _line(file, summary.lineno or 0, error, text, frames[own[-1]], module, at)
    return _wrong_answer(file, error, frames, module, at)


def _wrong_answer(
    file: str,
    error: Exception | SystemExit,
    frames: Sequence[FrameType],
    module: ModuleType,
    at: str,
) -> BadInput | None:
    """Return what the engine could not do with an answer; None where it was with none."""
    for frame in reversed(frames):
        name = frame.f_code.co_name
        function = getattr(module, _ASKED.get(name, ""), None)
        if function is not None and Path(frame.f_code.co_filename).is_relative_to(_ENGINE):
            break
    else:
        return None
    answers = [frame.f_locals[one] for one in _ANSWERS if one in frame.f_locals]
    shown = f" {_shown(answers[0])}" if answers else ""
    what = error.what if isinstance(error, OpenbellError) else f"{type(error).__name__}: {error}"
    start = f"strategy file {file}, line {function.__code__.co_firstlineno}"
    return BadInput(f"{start}: {function.__name__} returned{shown}{at}: {what}", HINT)


def user_file(module: ModuleType) -> str | None:
    """Return the file of a user's strategy, None for one that is built in."""
    return None if module.__name__.startswith("trading.") else getattr(module, "__file__", None)


def _line(
    file: str,
    line: int,
    error: Exception | SystemExit,
    text: str,
    frame: FrameType,
    module: ModuleType,
    at: str,
) -> BadInput:
    node = _parsed(text)
    values = _values(node, frame.f_locals) if node else []
    with_values = f" with {', '.join(values)}" if values else ""
    is_memory = (
        isinstance(error, IndexError)
        and isinstance(node, ast.Subscript)
        and frame.f_locals.get(getattr(node.value, "id", "")) is frame.f_locals.get("memory")
    )
    start = f"strategy file {file}, line {line}"
    if is_memory:
        room = getattr(module, "MEMORY", 0)
        return BadInput(
            f"{start}: {text} is beyond MEMORY, which is {room}{with_values}{at}",
            f"Use elements up to {room - 1}, or set MEMORY higher" if room else "Set MEMORY higher",
        )
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, OpenbellError):
        return BadInput(f"{start}: {error.what}{at}", error.hint)
    # Of a loop that has no end, its line says enough.
    of = f" in {text}" if text and not isinstance(error, TimeoutError) else ""
    return BadInput(f"{start}: {said}{of}{with_values}{at}", HINT)


def _expression(summary: traceback.FrameSummary) -> str:
    """Return the part of a line that failed, the whole line where that is not known."""
    raw = linecache.getline(summary.filename, summary.lineno or 0)
    begin, end = summary.colno, summary.end_colno
    if begin is None or end is None or summary.end_lineno != summary.lineno:
        return raw.strip()
    # Columns count bytes.
    return raw.encode()[begin:end].decode(errors="replace").strip() or raw.strip()


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None


def _values(node: ast.expr, names: Mapping[str, object]) -> list[str]:
    """Return `name = value` for the numbers that an expression reads."""
    values: dict[str, str] = {}
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            shown = _number(names.get(part.id))
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            owner = names.get(part.value.id)
            fields = getattr(owner, "_fields", ())
            shown = _number(getattr(owner, part.attr)) if part.attr in fields else ""
        else:
            continue
        if shown:
            values[ast.unparse(part)] = shown
    return [f"{name} = {shown}" for name, shown in list(values.items())[:_MOST_VALUES]]


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, Real):
        return str(value) if isinstance(value, bool) else ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _shown(said: object) -> str:
    """Return an answer as its author would write it."""
    if isinstance(said, tuple):
        names = getattr(said, "_fields", ())
        parts = [_number(part) or type(part).__name__ for part in said]
        if names:
            parts = [f"{name}={part}" for name, part in zip(names, parts, strict=True)]
        return f"({', '.join(parts)})"
    return "None" if said is None else _number(said) or type(said).__name__


def _where(frames: Sequence[FrameType], place: Place) -> str:
    """Return the symbol, bar and session that the engine was at."""
    found: dict[str, int] = {}
    for frame in frames:
        if Path(frame.f_code.co_filename).is_relative_to(_ENGINE):
            for name in ("s", "bar", "session"):
                value = frame.f_locals.get(name)
                if isinstance(value, SupportsIndex):
                    found[name] = index(value)
    words = []
    if found.get("s", len(place.symbols)) < len(place.symbols):
        words.append(place.symbols[found["s"]])
    if "bar" in found:
        words.append(f"bar {found['bar']}")
    if found.get("session", len(place.dates)) < len(place.dates):
        words.append(f"of {place.dates[found['session']]}")
    return f" ({' '.join(words)})" if words else ""
