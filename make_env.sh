#!/bin/bash
# Makes .venv from the hashed lock, once: what `make env` does. PYTHON names an interpreter; left
# out, a .venv that works keeps its own, and a new one gets the first of the candidates that fits.
set -euo pipefail

PACKAGES=(trading blocks tasks flows deployments api)
# A distribution's comes first: what a launcher such as pyenv builds is a fifth slower.
CANDIDATES=(/usr/bin/python3.11 /usr/bin/python3.12 /usr/bin/python3.13 python3.11 python3.12 python3.13 python3)
HINT="Install Python 3.11, 3.12 or 3.13 with its venv module, or call: make env PYTHON=/path/to/python3.11"
# Where a checkout was moved, its .venv names the old place.
here=$(pwd -P)
stamp=.venv/.installed

refuse() { echo "make env: $1. $2" >&2; exit 2; }

# Prints an interpreter's version and its path, links followed; fails where there is none.
describe() {
    "$1" -c 'import os, platform, sys
print(platform.python_version(), os.path.realpath(sys.executable))' 2>/dev/null
}

# A launcher such as pyenv's answers to names whose Python is not there: only running it tells.
fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null
}

# What a new .venv is made with has to bring pip along, which Debian ships apart.
can_make() {
    fits "$1" && "$1" -c 'import ensurepip' 2>/dev/null
}

# Sets PYTHON where nobody named one.
choose() {
    local candidate
    for candidate in "${CANDIDATES[@]}"; do
        [[ -n ${PYTHON:-} ]] && return
        if can_make "$candidate"; then PYTHON=$candidate; fi
    done
    [[ -n ${PYTHON:-} ]] || refuse "no Python 3.11, 3.12 or 3.13 is found" "$HINT"
}

# Says why .venv cannot be used as it is, nothing if it can.
why_not() {
    if ! describe .venv/bin/python >/dev/null; then
        echo "its Python is gone"
    elif ! fits .venv/bin/python; then
        echo "its Python is $(describe .venv/bin/python)"
    elif [[ ! -e .venv/bin/pip ]]; then
        echo "it has no pip"
    elif ! head -n 3 .venv/bin/pip | grep -qF "$here/.venv/bin/"; then
        echo "it was made in another folder"
    elif [[ -n ${PYTHON:-} && $(describe .venv/bin/python) != "$(describe "$PYTHON")" ]]; then
        echo "its Python is $(describe .venv/bin/python), asked for is $(describe "$PYTHON")"
    fi
}

# The command as pip writes it names its Python by its place, and a shell says of a folder that was
# moved that the file is not there. This one says what to do.
write_openbell() {
    printf '%s\n' "$here" >.venv/.place
    rm -f .venv/bin/openbell
    cat >.venv/bin/openbell <<'END'
#!/bin/sh
bin=$(dirname "$(readlink -f "$0")")
IFS= read -r place <"$bin/../.place"
if [ "$bin" != "$place/.venv/bin" ]; then
    echo "openbell: this checkout was installed as $place, and was moved. In the folder where it is now, call: make env" >&2
    exit 2
fi
exec "$bin/python" -P -m deployments.openbell "$@"
END
    chmod +x .venv/bin/openbell
}

if [[ -n ${PYTHON:-} ]]; then
    found=$(describe "$PYTHON") || refuse "$PYTHON is no Python that runs" "$HINT"
    can_make "$PYTHON" || refuse "$PYTHON is Python $found, or lacks its venv module" "$HINT"
fi

if [[ -e .venv || -L .venv ]]; then
    reason=$(why_not)
    if [[ -n $reason && ! -e $stamp ]]; then
        refuse "the .venv here is not one that make env finished, and $reason" "Remove it: rm -rf .venv"
    elif [[ -n $reason ]]; then
        # Nothing is removed before there is something to put in its place.
        choose
        echo "make env: .venv is made anew: $reason"
        rm -rf .venv
    fi
fi

if [[ ! -e .venv ]]; then
    choose
    echo "make env: .venv is made with Python $(describe "$PYTHON")"
    "$PYTHON" -m venv .venv
fi

# The stamp is younger than the lock exactly when .venv holds what the lock says.
if [[ ! -e $stamp || requirements.lock -nt $stamp || pyproject.toml -nt $stamp ]]; then
    rm -f $stamp
    echo "make env: the packages of the lock are installed, two to three minutes the first time" >&2
    .venv/bin/python -m pip install --quiet --compile --no-deps --require-hashes --requirement requirements.lock
    # Setuptools warns about every editable install, at length.
    PYTHONWARNINGS=ignore .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
    write_openbell
    touch $stamp
    is_new=yes
fi
# All bytecode is written now, so that none is written half where a disk fills up later.
if ! .venv/bin/python -m compileall -qq "${PACKAGES[@]}"; then
    echo "make env: bytecode cannot be written here; all works without, and starts more slowly" >&2
fi
# The first long backtest would wait for it. Makefile's `up` and `demo` make it anew after an update.
if [[ -n ${is_new:-} ]]; then
    echo "make env: machine code of the built-in strategies is made once, a minute or two" >&2
    .venv/bin/python -m deployments.machine_code 2>/dev/null && touch .venv/.machine_code ||
        echo "make env: no machine code is made beforehand; the first long backtest makes it" >&2
fi
