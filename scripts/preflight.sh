#!/bin/sh
# Name everything that is missing before anything is started: preflight.sh [python]
python=${1:-python3}
missing="" packages=""

need() { # need <what> <Debian package>
    missing="$missing\n  $1"
    packages="$packages $2"
}

if ! command -v "$python" >/dev/null 2>&1; then
    need "$python (Python 3.11 or newer)" python3
    need "the venv module of Python (ensurepip)" python3-venv
    need "Python.h, the headers of Python" python3-dev
else
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        need "Python 3.11 or newer ($python is $("$python" -V 2>&1); set PYTHON=...)" python3
    fi
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        need "the venv module of $python (ensurepip)" python3-venv
    fi
    if ! "$python" -c 'import os, sysconfig as s, sys; p = s.get_paths()["include"]; sys.exit(not os.path.exists(p + "/Python.h"))'; then
        need "Python.h, the headers of $python" python3-dev
    fi
fi
for tool in g++ make git; do
    command -v "$tool" >/dev/null 2>&1 || need "$tool" "$tool"
done

if [ -n "$missing" ]; then
    printf "pyfe cannot be built yet. Missing:$missing\n\nOn Debian or Ubuntu:\n  apt-get install --no-install-recommends%s\n" \
        "$packages" >&2
    exit 1
fi
