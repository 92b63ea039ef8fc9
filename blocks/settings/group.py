"""What all groups of settings have in common, and lists as people write them."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Group(BaseModel):
    """Settings that belong together; what it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def words_of(value: Any) -> Any:
    """Return a list written as JSON, with commas or with spaces as a tuple of words."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith("["):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"not a JSON list: {error.msg}") from error
    return tuple(text.replace(",", " ").split())


Words = Annotated[tuple[str, ...], BeforeValidator(words_of)]
