#!/usr/bin/env bash
# Does a wheel work where nothing was ever compiled? bare.sh [WHEEL], by default that of dist/ for Debian 12's Python
#
# A Debian 12 minbase folder is made by debootstrap with python3 and python3-venv alone: no compiler, no make, no source
# tree. There the wheel is installed; `pyfe doctor` must be content, three roles in three processes must score, and
# `pyfe demo` must run once the extra [demo] is there. Needs root, debootstrap, a package mirror, about 1.2 GB and some
# minutes. The folder is removed at the end (KEEP=1 keeps it; BARE=FOLDER takes one that is there).
set -euo pipefail
cd "$(dirname "$0")/.."
die() { echo "bare: $*" >&2; exit 1; }
[[ $# -le 1 ]] || die "one wheel is wanted"
WHEEL=${1:-$(ls dist/*-cp311-cp311-*_"$(uname -m)".whl 2>/dev/null | tail -n 1)}
[[ -f $WHEEL ]] || die "no wheel ${WHEEL:-for cp311 in dist/: make wheel}"
[[ $(id -u) == 0 ]] || die "must be root, because debootstrap and chroot are"
command -v debootstrap >/dev/null || die "debootstrap is not installed: apt-get install --no-install-recommends debootstrap"

SOURCES=/etc/apt/sources.list.d/debian.sources
MIRROR=$(sed -n 's/^URIs: *//p' "$SOURCES" 2>/dev/null | grep -v security | head -n 1 || true)
DIR=${BARE:-}
teardown() {
    if [[ -n ${KEEP:-}${BARE:-} ]]; then echo "bare: kept $DIR"; else rm -rf --one-file-system "$DIR" "$DIR.log"; fi
}
step() { printf '\n=== %s (%d s)\n' "$1" "$SECONDS"; }

# As in fresh.sh: without the host's environment but for pip's settings and proxies, mounts in a namespace of their own.
inside() {
    local keep=()
    while IFS= read -r line; do keep+=("$line"); done < <(env | grep -E '^(PIP_(INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST|DEFAULT_TIMEOUT)=|[a-zA-Z]+_proxy=|[A-Z]+_PROXY=|SSL_CERT_FILE=)' || true)
    unshare --mount --fork bash -c 'mount -t proc proc "$1/proc" 2>/dev/null; shift; exec "$@"' bash "$DIR" \
        chroot "$DIR" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "${keep[@]}" \
        bash -ec "$1" </dev/null
}

if [[ -z $DIR ]]; then
    DIR=$(mktemp -d "${TMPDIR:-/tmp}/pyfe-bare.XXXXXX")
    trap teardown EXIT
    chmod 755 "$DIR"
    step "debootstrap from ${MIRROR:=http://deb.debian.org/debian}"
    debootstrap --variant=minbase --include=python3,python3-venv bookworm "$DIR" "$MIRROR" >"$DIR.log" 2>&1 ||
        { tail -n 30 "$DIR.log"; exit 1; }
fi
trap teardown EXIT
[[ ! -e /etc/pip.conf ]] || cp /etc/pip.conf "$DIR/etc/pip.conf"
if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then # pip needs the host's where a mirror has its own
    mkdir -p "$DIR/etc/ssl/certs"
    cp -L --remove-destination /etc/ssl/certs/ca-certificates.crt "$DIR/etc/ssl/certs/"
fi

step "the bare wheel"
inside 'for tool in cc gcc g++ clang make cmake; do if command -v $tool; then exit 1; fi; done' || die "a compiler is there"
rm -rf "$DIR/root/try"
mkdir -p "$DIR/root/try/files"
cp "$WHEEL" scripts/three_roles.py "$DIR/root/try/"
inside 'cd /root/try; python3 -m venv env; env/bin/pip -q --disable-pip-version-check install ./*.whl'
inside 'cd /root/try; env/bin/pyfe doctor'
inside 'cd /root/try; for role in authority hospital cloud; do env/bin/python three_roles.py $role files; done'
step "the demo, with its extra"
inside 'cd /root/try; env/bin/pip -q --disable-pip-version-check install "$(ls ./*.whl)[demo]"'
inside 'cd /root/try; env/bin/pyfe demo'
step "done: installed, scored and played without a compiler"
