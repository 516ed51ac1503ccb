#!/usr/bin/env bash
# Run the tests on Pythons that this machine does not have: `tools/pythons.sh [PYTHON ...]`, by default 3.14, 3.15, 3.13t
# and pypy3.11. It needs Linux, root, debootstrap and unshare.
#
# The interpreters come from Debian's testing distribution, in a folder that is removed afterwards; 3.13t is built there
# from Debian's source. What can be set in the environment:
#   PYTHONS_ROOT   the folder; it is kept, and used again
#   PYTHONS_BIND   folders of this machine that pip needs to see there
#   PYTHONS_TESTS  arguments of pytest; all tests but those of packaging by default
set -euo pipefail
if [ -z "${PYTHONS_OWN_MOUNTS:-}" ]; then
    if [ -z "${PYTHONS_ROOT:-}" ]; then
        PYTHONS_ROOT=$(mktemp -d)
        trap 'rm -rf --one-file-system "$PYTHONS_ROOT"' EXIT
    fi
    # What is mounted below the folder is out of reach as soon as that process ends.
    PYTHONS_ROOT=$PYTHONS_ROOT PYTHONS_OWN_MOUNTS=1 unshare --mount "$0" "$@"
    exit
fi
checkout=$(cd "$(dirname "$0")/.." && pwd)
root=$PYTHONS_ROOT
tests=${PYTHONS_TESTS:-}
checks="atheris check-jsonschema import-linter mypy pyright ruff vendoring zizmor"  # none of them a dependency of a test
mirror=http://deb.debian.org/debian
# A mirror may lag behind the date until which its lists are valid.
apt="env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Check-Valid-Until=false --no-install-recommends"

inside() {
    chroot "$root" "$@"
}

make_root() {
    [ -e "$root/etc/debian_version" ] || debootstrap --variant=minbase testing "$root" "$mirror"
    cp /etc/hosts /etc/resolv.conf "$root/etc/"
    for folder in /proc /dev /sys ${PYTHONS_BIND:-}; do
        mkdir -p "$root$folder"
        mount --rbind "$folder" "$root$folder"
    done
    inside $apt update
    inside $apt install ca-certificates git nginx-light nodejs procps python3-trustme
}

# The checkout as git sees it, without what is ignored.
copy_checkout() {
    rm -rf "$root/checkout"
    mkdir "$root/checkout"
    git -C "$checkout" ls-files -z --cached --others --exclude-standard |
        tar -C "$checkout" --null --files-from=- --ignore-failed-read -cf - | tar -C "$root/checkout" -xf -
}

build_free_threaded() {
    [ -e "$root/usr/local/python3.13t" ] && return
    # Testing may have dropped the source of this version.
    echo "deb-src $mirror trixie main" >"$root/etc/apt/sources.list.d/source.list"
    inside $apt update
    inside $apt install dpkg-dev gcc libbz2-dev libc6-dev libffi-dev liblzma-dev libsqlite3-dev libssl-dev make \
        pkgconf zlib1g-dev
    inside sh -euc "mkdir -p /build && cd /build && rm -rf ./* && $apt source --download-only python3.13 &&
        tar --strip-components=1 -xf python3.13_*.orig.tar.xz &&
        ./configure -q --disable-gil --prefix=/usr/local/python3.13t && make -s -j\"\$(nproc)\" &&
        make -s install DESTDIR=/build/installed && mv /build/installed/usr/local/python3.13t /usr/local/ && rm -rf /build"
}

# All that the README's test command needs is there.
run_suite() {
    python=$1
    inside $apt install "python$python-venv"
    inside rm -rf "/venv/$python"
    inside "python$python" -m venv "/venv/$python"
    inside "/venv/$python/bin/python" -m pip install -q hatch
    inside sh -c "cd /checkout && HATCH_DATA_DIR=/venv/$python-data /venv/$python/bin/hatch run suite $tests"
}

# Some dependencies of the tests have no wheel; what needs these is skipped. Certificates come from Debian's trustme.
run_without() {
    python=$1 command=$2
    shift 2
    echo "left out: $*"
    inside rm -rf "/venv/$python"
    inside "$command" -m venv "/venv/$python"
    inside "/venv/$python/bin/python" - "$@" >"$root/requirements" <<'PROGRAM'
import re, sys, tomllib
from pathlib import Path

workspace, support = (tomllib.loads(Path("/checkout", path).read_text()) for path in ("pyproject.toml", "tests/support/pyproject.toml"))
for line in workspace["tool"]["hatch"]["envs"]["default"]["dependencies"] + support["project"]["dependencies"]:
    if re.match(r"[\w.-]+", line)[0] not in sys.argv[1:]:
        print(line)
PROGRAM
    inside "/venv/$python/bin/python" -m pip install -q --only-binary=:all: -r /requirements certifi
    inside sh -c "cd /checkout && /venv/$python/bin/python -m pip install -q --no-deps packages/* tests/support &&
        /venv/$python/bin/python -m pytest $tests"
}

test_on() {
    echo "== Python $1"
    case $1 in
    3.13t)
        build_free_threaded
        run_without 3.13t /usr/local/python3.13t/bin/python3.13t $checks trustme uvloop
        ;;
    pypy3.11)
        inside $apt install pypy3-venv
        run_without pypy3.11 pypy3 $checks jsonschema qh3 trustme uvloop
        ;;
    *) run_suite "$1" ;;
    esac
}

make_root
copy_checkout
failed=
[ $# -gt 0 ] || set -- 3.14 3.15 3.13t pypy3.11
for python in "$@"; do
    set +e
    (
        set -e
        test_on "$python"
    )
    [ $? = 0 ] || failed="$failed $python"
    set -e
done
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
