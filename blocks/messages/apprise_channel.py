"""Any other service as a channel, by one of the addresses that Apprise knows."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import unquote

from pydantic import SecretStr

from blocks.ledger.message_payloads import Payload
from blocks.messages.answer import Answer, Outcome
from blocks.messages.content import Content, content_of
from blocks.messages.discord.rate_limit import SlidingLimit
from blocks.messages.outbox_rows import Letter
from blocks.process.secret_mask import MASK, SHORTEST
from trading.errors import BadInput

# Nobody's limits are known here; Discord's slower one is borne by all.
WINDOWS = ((30, 60.0),)
MOST_TOGETHER = 10
MOST_CHARACTERS = 4000
REVOKED = frozenset({401, 403, 404, 410})
REFUSED = frozenset({400, 413, 415, 422})
# Between two addresses; one of them may have commas of its own.
_BETWEEN = re.compile(r"[,\s]+(?=[A-Za-z][\w+.-]*://)")
_STATUS = re.compile(r"error\D{0,3}(\d{3})", re.IGNORECASE)
_HOST = re.compile(r"localhost|[\w-]+(\.[\w-]+)+")
_WORD = re.compile(r"[a-z]{1,12}")
_PIECES = re.compile(r"[/:@?&=,]+")


class AppriseChannel:
    """Posts text to one service; Apprise says no more of the outcome than yes or no, and a log."""

    most_together = MOST_TOGETHER
    shows_pictures = False

    def __init__(self, url: SecretStr, limit: SlidingLimit | None = None) -> None:
        """Raises BadInput, without the address, for one that Apprise does not know."""
        # Takes two seconds: who sets no such address never waits for it.
        import apprise

        address = url.get_secret_value()
        _learn(address)
        self._words = _Words()
        scheme = address.partition("://")[0].lower()
        with self._words.heard():
            self._service = apprise.Apprise()
            is_known = self._service.add(address)
        if not is_known:
            raise BadInput(
                f"an address of NOTIFY_URLS, {scheme}://..., is none that Apprise knows",
                "See how it is written for that service: https://appriseit.com/services",
            )
        self.fingerprint = hashlib.sha256(address.encode()).hexdigest()[:12]
        self.name = f"notify-{self.fingerprint}"
        self.title = f"{scheme}:// of NOTIFY_URLS"
        self.hint = (
            "Mend that address in NOTIFY_URLS: an address that differs is asked anew;"
            " show-status lists what was not delivered"
        )
        self.limit = limit or SlidingLimit(WINDOWS)

    def __repr__(self) -> str:
        return f"AppriseChannel({self.fingerprint})"

    def fitting(self, letters: Sequence[Letter], payloads: Sequence[Payload]) -> int:
        """Return how many messages make a post that a phone still shows."""
        length = 0
        for number, (letter, payload) in enumerate(zip(letters, payloads, strict=True)):
            length += len(_text(content_of(payload), letter))
            if length > MOST_CHARACTERS:
                return max(1, number)
        return len(letters)

    def send(
        self, letters: Sequence[Letter], payloads: Sequence[Payload], picture: bytes | None
    ) -> Answer:
        """Post messages together and say what came of it; counts against the limit."""
        contents = [content_of(payload) for payload in payloads]
        title = contents[0].title if len(contents) == 1 else f"{len(contents)} messages"
        texts = []
        for content, letter in zip(contents, letters, strict=True):
            text = _text(content, letter)
            texts.append(text if len(contents) == 1 else f"{content.title}\n{text}")
        try:
            with self._words.heard() as words:
                is_taken = self._service.notify(body="\n\n".join(texts), title=title)
        except (OSError, ValueError, TypeError, KeyError) as error:
            # A plugin of somebody else's; its text may quote the address.
            return Answer(Outcome.FAILED, type(error).__name__, may_have_arrived=True)
        finally:
            self.limit.note()
        return Answer(Outcome.TAKEN) if is_taken else _judge(words)

    def close(self) -> None:
        """Nothing is held open."""
        return


def addresses(text: str) -> list[SecretStr]:
    """Return the addresses of NOTIFY_URLS, which commas or spaces part."""
    return [SecretStr(word) for word in _BETWEEN.split(text.strip(" ,\n\t")) if word]


def _text(content: Content, letter: Letter) -> str:
    lines = [content.text] if content.text else []
    lines += [f"{name}: {value}" for name, value in content.fields if value.strip()]
    lines.append(f"({letter.id}{', sent again' if letter.is_repeat else ''})")
    return "\n".join(lines)


def _judge(words: Sequence[str]) -> Answer:
    """Read from what Apprise logged whether it is worth trying again."""
    said = " ".join(words)
    found = _STATUS.search(said)
    if found is None:
        # Nearly all plugins say so of a line that did not come about.
        is_away = "connection error" in said.lower()
        reason = "no connection" if is_away else "the message was not taken"
        return Answer(Outcome.FAILED, reason, may_have_arrived=not is_away)
    status, reason = int(found[1]), f"HTTP {found[1]}"
    if status in REVOKED:
        return Answer(Outcome.REVOKED, reason)
    if status in REFUSED:
        return Answer(Outcome.REFUSED, reason)
    return Answer(Outcome.FAILED, reason, may_have_arrived=status >= 500)


def _learn(address: str) -> None:
    """Any piece of an address may be the key, and a library below may quote it by itself.

    The name of a host is none, nor is a plain word such as a format's; many services have a key
    where others have their host.
    """
    _, _, rest = address.partition("://")
    pieces = [
        piece
        for piece in _PIECES.split(rest)
        if len(piece) > SHORTEST and not _HOST.fullmatch(piece) and not _WORD.fullmatch(piece)
    ]
    MASK.learn([address, rest, *pieces, *map(unquote, pieces)])


class _Words:
    """Hears what Apprise logs, and keeps it out of every log: it quotes addresses."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("apprise")

    @contextmanager
    def heard(self) -> Iterator[list[str]]:
        """Yield what is logged while the context lasts, as it comes."""
        words: list[str] = []
        handler = _Ear(words)
        # Each time: whoever configures logging meanwhile may have undone it.
        self._logger.propagate = False
        self._logger.addHandler(handler)
        try:
            yield words
        finally:
            self._logger.removeHandler(handler)


class _Ear(logging.Handler):
    def __init__(self, words: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._words = words

    def emit(self, record: logging.LogRecord) -> None:
        self._words.append(record.getMessage())
