"""What runs for months: Prefect's server and worker, the API, and who watches over them."""

import os
import sys

# What heals broken bytecode is read from its source, since its own may be broken as well. This file
# has to do without, so its bytecode stays below 1,024 bytes: a full disk or `ulimit -f` keeps that
# whole or not at all.
_folder, sys.pycache_prefix = sys.pycache_prefix, os.devnull
try:
    from blocks.process.bytecode import heal_bytecode
finally:
    sys.pycache_prefix = _folder
heal_bytecode()

# Its command, which nobody calls here, would bring rich, click and pygments into each supervisor.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
