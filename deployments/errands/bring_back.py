"""Bring back the account of the settings if its ledger is gone; usage: --data-dir DIR.

Its session may be under way: whoever looks after open sessions has it traded on then. Exits with
0 when there is nothing to be done any more, with 3 when the copies could not be asked or used.
"""

from __future__ import annotations

import sys

from blocks.account.names import account_name
from blocks.process.secret_mask import MASK
from blocks.storage.choose import storage_from
from deployments.errands.asked import asked
from flows.session.account.copies import bring_gone_account_back
from trading.errors import LeaseLost, OpenbellError

EXIT_NOT_BROUGHT_BACK = 3


def main(arguments: list[str] | None = None) -> int:
    """Bring it back, and say so in one line, or why not."""
    data_dir, read = asked(__doc__, arguments)
    code = 0
    try:
        settings = read.required()
        account = account_name(
            data_dir,
            is_replay=False,
            has_simulated_bars=settings.data.primary_provider == "simulated",
            broker=settings.broker.account,
        )
        said = bring_gone_account_back(data_dir, account, storage_from(settings.cloud, data_dir))
        said = said and f"Account {account}: {said}"
    except LeaseLost:
        # A session brings it back itself just now, or trades it.
        said, code = "", EXIT_NOT_BROUGHT_BACK
    except OpenbellError as error:
        said, code = f"The account was not brought back: {error}", EXIT_NOT_BROUGHT_BACK
    if said:
        print(MASK.text(said))
    return code


if __name__ == "__main__":
    sys.exit(main())
