"""How a flow says that it failed."""

from __future__ import annotations

from prefect.client.schemas.objects import State
from prefect.states import Failed

from blocks.process.secret_mask import MASK
from trading.errors import OpenbellError


def failed(error: OpenbellError) -> State[None]:
    """Return a Failed state with the line that the terminal shows."""
    return Failed(message=MASK.text(str(error)))
