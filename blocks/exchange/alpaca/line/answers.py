"""What Alpaca's answer to an order, a replacement or a cancel means for what was asked."""

from __future__ import annotations

from blocks.exchange.alpaca.line.replies import NoReply, Reply
from trading.session.broker.answers import Accepted, Answer, Refusal, Refused, Unknown

FORBIDDEN = 40310000

# The first of these words that a refusal holds decides its class, in this order.
_WORDS: tuple[tuple[str, Refusal], ...] = (
    ("wash trade", Refusal.WASH_TRADE),
    ("opposite side", Refusal.WASH_TRADE),
    ("while a long buy order is open", Refusal.WASH_TRADE),
    ("while a short sell order is open", Refusal.WASH_TRADE),
    ("cannot be sold short", Refusal.NOT_SHORTABLE),
    ("not shortable", Refusal.NOT_SHORTABLE),
    ("not allowed to short", Refusal.NOT_SHORTABLE),
    ("short selling", Refusal.NOT_SHORTABLE),
    ("not easy to borrow", Refusal.NOT_SHORTABLE),
    ("hard to borrow", Refusal.NOT_SHORTABLE),
    ("buying power", Refusal.BUYING_POWER),
    ("insufficient balance", Refusal.BUYING_POWER),
    ("halt", Refusal.HALTED),
    # A market that is closed by the broker's clock opens by itself.
    ("trading hours", Refusal.RETRY),
    ("market hours", Refusal.RETRY),
    ("market is closed", Refusal.RETRY),
    ("market is not open", Refusal.RETRY),
    # Shares that an order which is being cancelled still holds come free.
    ("insufficient qty", Refusal.RETRY),
    ("insufficient quantity", Refusal.RETRY),
    ("held for orders", Refusal.RETRY),
    ("pending replac", Refusal.RETRY),
    ("pending_replac", Refusal.RETRY),
    ("pending_new", Refusal.RETRY),
    ("pending new", Refusal.RETRY),
)


# What only prices of the moment are to blame for, in words of refusals.
_OF_PRICE = ("base_price", "base price", "current price", "current_price", "market price")
# What only the account's state is to blame for: the next look at it says whether it is free again.
_OF_ACCOUNT = (
    "account is blocked",
    "account blocked",
    "account is restricted",
    "account restricted",
    "restricted from trading",
    "restricted to liquidation",
    "liquidation only",
    "closing only",
    "close only",
    "account is locked",
    "account is suspended",
    "account is not active",
    "account is inactive",
    "trading is blocked",
    "trading blocked",
    "trading is suspended",
    "trading suspended",
    "rejected by user request",
)
# Words of a refusal that is of keys, where it has no code.
_OF_KEYS = ("forbidden", "authoriz", "authentic", "access key", "api key", "credential")
KEYS_CODE = 40110000


def answer_to(reply: Reply | NoReply, their_id: str = "") -> Answer:
    """Return what a reply to a submit, replace or cancel says; `their_id` where it names none.

    429 is said before an order is looked at: nothing has happened. 504 and its like come from a
    gateway that has passed the order on: it may well rest. What cannot be read decides nothing.
    """
    if isinstance(reply, NoReply):
        if reply.was_sent:
            return Unknown(reply.words)
        return Refused(Refusal.RETRY, f"alpaca was not reached: {reply.words}")
    if reply.status == 429:
        return Refused(Refusal.RETRY, "HTTP 429: too many requests")
    if reply.status == 401 or is_about_keys(reply):
        return Refused(Refusal.PERMANENT, "alpaca refuses the keys")
    if not reply.is_good and not (400 <= reply.status < 500 and reply.is_json):
        return Unknown(reply.words)
    if reply.status == 408:
        return Unknown(reply.words)
    if reply.is_good:
        return _taken(reply, their_id)
    return Refused(_class_of(reply), reply.words)


def is_about_keys(reply: Reply) -> bool:
    """Return whether a refusal is of the keys: 401, or 403 without an order's code and words."""
    if not reply.is_json:
        return False
    said = reply.said.lower()
    names_keys = not said or any(word in said for word in _OF_KEYS)
    has_no_code = reply.code in (0, 403) and _class_of(reply) == Refusal.PERMANENT and names_keys
    return reply.status == 401 or (reply.status == 403 and (reply.code == KEYS_CODE or has_no_code))


def is_of_the_moment(reply: Reply | NoReply) -> bool:
    """Return whether an order was refused for what the next bar may find mended.

    Price is beyond a level of it by now, or the account may not trade for a while.
    """
    if not isinstance(reply, Reply) or reply.status not in (400, 403, 422):
        return False
    return any(words in reply.said.lower() for words in (*_OF_PRICE, *_OF_ACCOUNT))


def is_used_id(reply: Reply | NoReply) -> bool:
    """Return whether an order was refused because its client order id was used before.

    The code is that of many other mistakes.
    """
    return (
        isinstance(reply, Reply)
        and reply.status in (400, 409, 422)
        and "client_order_id" in reply.said
        and ("unique" in reply.said or "already" in reply.said or "duplicate" in reply.said)
    )


def is_cancelling_already(reply: Reply | NoReply) -> bool:
    """Return whether a cancel was refused because one is under way."""
    return (
        isinstance(reply, Reply)
        and reply.status == 422
        and ("pending cancel" in reply.said or "pending_cancel" in reply.said)
    )


def _taken(reply: Reply, their_id: str) -> Answer:
    document = reply.document
    if reply.status == 204:
        return Accepted(their_id)
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        return Unknown("alpaca sent something else than an order")
    if document.get("status") == "rejected":
        return Refused(Refusal.PERMANENT, "alpaca took the order and rejected it at once")
    return Accepted(str(document["id"]))


def _class_of(reply: Reply) -> Refusal:
    said = reply.said.lower()
    for words, refusal in _WORDS:
        if words in said:
            return refusal
    return Refusal.PERMANENT
