#!/usr/bin/env bash
# Are `make demo` and `make test` really the first commands on a new machine?
#
# A Debian 12 minbase folder is made by debootstrap with exactly python3 python3-venv python3-dev g++ make git; two
# clones of the committed state are put in, and each command runs in its own; the demos after the first one without a
# network. Needs root, debootstrap, a package mirror and about 2.5 GB; takes about 20 minutes. The folder is removed at
# the end (KEEP=1 keeps it).
set -euo pipefail
cd "$(dirname "$0")/.."

PACKAGES=(python3 python3-venv python3-dev g++ make git)
die() { echo "fresh: $*" >&2; exit 1; }
[[ $(id -u) == 0 ]] || die "must be root, because debootstrap and chroot are"
command -v debootstrap >/dev/null || die "debootstrap is not installed: apt-get install --no-install-recommends debootstrap"
git rev-parse --verify -q HEAD >/dev/null || die "nothing is committed yet; a clone would be empty"
[[ -z $(git status --porcelain) ]] || echo "fresh: uncommitted changes are not part of the clone"

# The host's own package sources, so that a mirror or a snapshot is respected; Debian's are the default.
SOURCES=/etc/apt/sources.list.d/debian.sources
MIRROR=$(sed -n 's/^URIs: *//p' "$SOURCES" 2>/dev/null | grep -v security | head -n 1 || true)
MIRROR=${MIRROR:-http://deb.debian.org/debian}

DIR=$(mktemp -d "${TMPDIR:-/tmp}/pyfe-fresh.XXXXXX")
chmod 755 "$DIR" # apt downloads as a user of its own
teardown() {
    if [[ -n ${KEEP:-} ]]; then echo "fresh: kept $DIR"; else rm -rf --one-file-system "$DIR" "$DIR.log"; fi
}
trap teardown EXIT

step() { printf '\n=== %s (%d s)\n' "$1" "$SECONDS"; }

# Commands run without the host's environment, apart from the settings of pip and of proxies. /proc and the terminals
# are mounted in a mount namespace of its own, so that nothing is left mounted whatever happens.
inside() {
    local keep=()
    while IFS= read -r line; do keep+=("$line"); done < <(env | grep -E '^(PIP_(INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST|DEFAULT_TIMEOUT)=|[a-zA-Z]+_proxy=|[A-Z]+_PROXY=|SSL_CERT_FILE=)' || true)
    unshare --mount --fork bash -c 'mount -t proc proc "$1/proc" 2>/dev/null; mkdir -p "$1/dev/pts"
        mount -t devpts -o ptmxmode=0666 devpts "$1/dev/pts" 2>/dev/null; shift; exec "$@"' bash "$DIR" \
        chroot "$DIR" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "${keep[@]}" \
        bash -ec "$1" </dev/null
}

step "debootstrap from $MIRROR"
debootstrap --variant=minbase bookworm "$DIR" "$MIRROR" >"$DIR.log" 2>&1 || { tail -n 30 "$DIR.log"; exit 1; }
rm -f "$DIR.log"
# debootstrap writes no security suite.
if [[ -e $SOURCES ]]; then
    cp "$SOURCES" "$DIR/etc/apt/sources.list.d/"
    : >"$DIR/etc/apt/sources.list"
fi
[[ ! -e /etc/pip.conf ]] || cp /etc/pip.conf "$DIR/etc/pip.conf"

step "before the packages: make must name what is missing"
inside 'apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends make >/dev/null'
git clone --quiet --no-hardlinks . "$DIR/root/demo"
git clone --quiet --no-hardlinks . "$DIR/root/test"
if inside 'cd /root/demo && make demo' >"$DIR/missing" 2>&1; then die "make demo passed without python3 or g++"; fi
cat "$DIR/missing"
for package in "${PACKAGES[@]}"; do
    [[ $package == make ]] || grep -qw -- "$package" "$DIR/missing" || die "the message does not name $package"
done

step "install ${PACKAGES[*]}"
inside "DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends ${PACKAGES[*]} >/dev/null"
# pip needs the host's certificates where a mirror has its own. After the packages: ca-certificates, which python3-venv
# brings along, writes this file too.
if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then
    mkdir -p "$DIR/etc/ssl/certs"
    cp -L --remove-destination /etc/ssl/certs/ca-certificates.crt "$DIR/etc/ssl/certs/"
fi

step "make demo"
inside 'cd /root/demo && make demo'
step "every other demo, without a network"
inside 'cd /root/demo && for story in qda hrv dicom digits trees; do unshare --net .venv/bin/pyfe demo "$story"; done'
step "make test"
inside 'cd /root/test && make test'
step "done: make demo and make test are good first commands, and every demo runs after the first"
