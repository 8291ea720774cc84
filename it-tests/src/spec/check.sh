#!/bin/sh
# Checks engine.pml for every interleaving, and that each planted bug is found. Needs spin and a C compiler.
set -eu
spec=$(cd "$(dirname "$0")" && pwd)/engine.pml
command -v spin >/dev/null || { echo "check-spec: no 'spin' on the PATH (Debian: apt install spin; macOS: brew install spin)" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# Without optimizing: it would take the compiler three times what the search takes.
# errors NAME DEFINES...: how many errors spin finds, safety and liveness together; the report stays in NAME.out.
errors() {
    name=$1
    shift
    spin -a "$@" "$spec" >"$name.spin" 2>&1 || { cat "$name.spin" >&2; exit 1; }
    "${CC:-cc}" -O0 -w -DSAFETY -DNOCLAIM -DCOLLAPSE -o pan pan.c
    ./pan -m1000000 -E >"$name.out" 2>&1
    if [ "$name" = sound ] || grep -q "errors: 0" "$name.out"; then
        "${CC:-cc}" -O0 -w -DNFAIR=3 -DCOLLAPSE -o pan pan.c
        ./pan -a -f -m1000000 >>"$name.out" 2>&1
    fi
    grep -h "errors:" "$name.out" | sed 's/.*errors: //' | awk '{ n += $1 } END { print n }'
}

found=$(errors sound)
states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' sound.out | tr '\n' ' ')
if [ "$found" != 0 ] || grep -q "max search depth too small" sound.out; then
    cat sound.out
    echo "check-spec: FAILED: the specification does not hold"
    exit 1
fi
echo "check-spec: holds (states visited: $states)"
for bug in $(sed -n 's/^#ifn*def \(BUG_[A-Z_]*\).*/\1/p' "$spec" | sort -u); do
    if [ "$(errors "$bug" "-D$bug")" = 0 ]; then
        echo "check-spec: FAILED: $bug was not found"
        exit 1
    fi
    how=$(grep -ohE "assertion violated|acceptance cycle|invalid end state" "$bug.out" | head -1)
    echo "check-spec: $bug found ($how)"
done
