"""What can go wrong in a way that the user can mend, each error with a hint."""

from __future__ import annotations

from collections.abc import Sequence

# In letters: a cell of a damaged file can be as long as the file.
LONGEST = 1_000


class OpenbellError(Exception):
    """An error that a user can act upon.

    `what` says what is wrong and where, `hint` what to do about it. The text is one line.
    """

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what, hint)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        # What a file holds may be quoted here: nothing of it may reach a terminal but as text.
        said, hint = (_printable(" ".join(text.split())) for text in (self.what, self.hint))
        if len(said) > LONGEST:
            said = f"{said[: LONGEST // 2]} ... {said[-LONGEST // 2 :]}"
        return f"{said}{'' if said.endswith('?') else '.'} {hint}"


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


class BadInput(OpenbellError):
    """A file, a parameter or an argument that cannot be used as given."""


def together(wrong: Sequence[BadInput]) -> BadInput:
    """Return everything that is wrong as one error, so that it is mended at one go."""
    if len(wrong) == 1:
        return wrong[0]
    hints = dict.fromkeys(error.hint for error in wrong)
    return BadInput("; ".join(error.what for error in wrong), "; ".join(hints))


class NoData(OpenbellError):
    """A source answered, and what was asked for is not in it."""


class SourceUnavailable(OpenbellError):
    """A source did not answer, or refused: worth trying again or elsewhere."""


class LeaseLost(OpenbellError):
    """Another process holds the right to trade this account."""


class StoreUnavailable(OpenbellError):
    """A store could not be opened, read or written."""


class StoreInUse(StoreUnavailable):
    """Another process keeps a store to itself for now: what it holds is not known."""
