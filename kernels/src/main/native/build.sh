#!/bin/sh
# Builds the kernels' libraries, one per CPU variant, with the system's C compiler (cc, or $CC).
#
#   build.sh <folder>     writes <folder>/<os>-<arch>/libingot_<variant>.<so|dylib>
#                         and <folder>/../metal/*.metal, which are compiled where they run
#
# Called by the Maven build; does nothing where the libraries are newer than the sources.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
out=$1

mkdir -p "$out/../metal"
for source in "$here"/../metal/*; do
    copy=$out/../metal/${source##*/}
    cmp -s "$source" "$copy" || cp "$source" "$copy"
done

cc=${CC:-cc}

case $(uname -s) in
    Linux)  os=linux; suffix=so; link='-shared -Wl,-z,defs' ;;
    Darwin) os=macos; suffix=dylib; link='-dynamiclib' ;;
    *)      echo "ingot: the CPU kernels are built on Linux and macOS, not on $(uname -s)" >&2; exit 1 ;;
esac
case ${INGOT_ARCH:-$(uname -m)} in
    x86_64|amd64)
        arch=x86_64; variants='portable avx2 avx512 avx512bf16'
        # Compilers before GCC 11 and Clang 12 know no tiles: the CPU is then used without them.
        if echo 'int known;' | $cc -mamx-tile -mamx-int8 -mamx-bf16 -x c -c - -o /dev/null 2>/dev/null; then
            variants="$variants amx amxbf16"
        fi ;;
    aarch64|arm64) arch=aarch64; variants='portable neon dotprod i8mm' ;;
    *)             arch=$(uname -m); variants=portable ;;
esac

# Contraction off: sums are fused where the source says so, and nowhere else.
flags='-std=gnu11 -O3 -g1 -fPIC -fvisibility=hidden -ffp-contract=off -fno-math-errno -Wall -Wextra -Werror'

flags_of() {
    case $1 in
        avx2)     echo '-march=x86-64-v3' ;;
        avx512)   echo '-march=x86-64-v3 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512cd -mavx512vnni -mprefer-vector-width=512' ;;
        avx512bf16) echo "$(flags_of avx512) -mavx512bf16" ;;
        amx)      echo "$(flags_of avx512bf16) -mamx-tile -mamx-int8 -mamx-bf16" ;;
        amxbf16)  echo "$(flags_of amx) -DINGOT_ROUNDED" ;;
        dotprod)  echo '-march=armv8.2-a+dotprod' ;;
        i8mm)     echo '-march=armv8.2-a+dotprod+i8mm' ;;
        portable) echo '-DINGOT_PORTABLE -O2' ;;
        *)        echo '' ;;
    esac
}

folder=$out/$os-$arch
up_to_date=yes
for name in probe $variants; do
    library=$folder/libingot_$name.$suffix
    if [ ! -f "$library" ] || [ -n "$(find "$here" -type f -newer "$library")" ]; then
        up_to_date=no
    fi
done
if [ $up_to_date = yes ]; then
    exit 0
fi

if ! command -v "${cc%% *}" >/dev/null 2>&1; then
    echo "ingot: no C compiler '$cc': install one (Debian: apt install gcc libc6-dev; macOS: xcode-select --install) or name it in CC" >&2
    exit 1
fi
mkdir -p "$folder"

build() { # name, then flags and sources; moved into place only when whole
    library=$folder/libingot_$1.$suffix
    shift
    # shellcheck disable=SC2086
    $cc $flags $link "$@" -o "$library.new" -lm -lpthread
    mv "$library.new" "$library"
}

# All at once: each is compiled in one thread.
pids=''
for variant in $variants; do
    # shellcheck disable=SC2046
    build "$variant" $(flags_of "$variant") "$here"/cpu/*.c &
    pids="$pids $!"
done
build probe "$here"/probe/*.c
for pid in $pids; do
    wait "$pid"
done
