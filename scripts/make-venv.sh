#!/bin/sh
# Makes the virtual environment in $1 with the newest Python from 3.11 on; says what to install where it cannot.
set -eu
folder=$1

is_new_enough() {
    command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

python=
for name in python3 python3.14 python3.13 python3.12 python3.11; do
    if is_new_enough "$name"; then
        python=$name
        break
    fi
done
if [ -z "$python" ]; then
    {
        echo "Patchbay needs Python 3.11 or newer, and there is none on the PATH."
        echo "  Debian, Ubuntu:  sudo apt-get install python3 python3-venv"
        echo "  macOS:           brew install python@3.13"
    } >&2
    exit 1
fi

# Debian splits ensurepip off: without it `venv` fails halfway and leaves a broken folder.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    {
        echo "$python can make no virtual environment: the package with venv is missing."
        echo "  Debian, Ubuntu:  sudo apt-get install python$version-venv"
    } >&2
    exit 1
fi

echo "Making a virtual environment with $("$python" --version) …"
"$python" -m venv --clear "$folder"
