#!/bin/sh
# Make a virtual environment and install packages into it.
# Usage: install.sh PYTHON VENV REQUIREMENT...   (requirements and options as `uv pip install` takes them)
set -eu
python=$1
venv=$2
shift 2

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or later is needed; $python is $("$python" -V 2>&1). Name another one with PYTHON=path." >&2
    exit 1
}

if [ ! -x "$venv/bin/python" ]; then
    echo "Making the virtual environment $venv"
    if ! "$python" -m venv "$venv" 2>/dev/null; then
        # Debian and Ubuntu ship Python without the module that makes environments.
        echo "This Python lacks venv; installing python3-venv"
        $([ "$(id -u)" = 0 ] || echo sudo) apt-get install -qq -y python3-venv
        "$python" -m venv --clear "$venv"
    fi
fi

mkdir -p build
echo "Installing into $venv (a minute or two the first time)"
"$venv/bin/python" -m pip install -q --disable-pip-version-check 'uv>=0.9'
# uv does not read pip's settings; a mirror that pip is told to use is the one to use here too.
mirror=${PIP_INDEX_URL:-$("$venv/bin/python" -m pip config get global.index-url 2>/dev/null || true)}
if [ -n "$mirror" ]; then
    UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$mirror}
    export UV_DEFAULT_INDEX
fi
VIRTUAL_ENV=$venv "$venv/bin/uv" pip install -q "$@"
