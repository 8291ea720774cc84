#!/bin/sh
# Builds the software Metal device, for tests: libsoftmetal.so and the headers that kernels are compiled with.
#
#   build.sh <folder>     writes <folder>/libsoftmetal.so, <folder>/include and the lint, <folder>/softmetal-lint
#
# Needs clang-19, which also compiles the kernels when tests run. Does nothing where the library is newer than the
# sources. Exit status 3: this machine cannot build it, and the message says why.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
out=$1
cxx=${SOFTMETAL_CLANG:-clang++-19}
library=$out/libsoftmetal.so

if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
    echo "softmetal: the software Metal device is written for Linux on x86-64, this is $(uname -s) on $(uname -m)" >&2
    exit 3
fi
if [ -f "$library" ] && [ -z "$(find "$here" -type f -newer "$library")" ]; then
    exit 0
fi
if ! command -v "$cxx" >/dev/null 2>&1; then
    echo "softmetal: no compiler '$cxx': install clang-19 (Debian: apt install clang-19) or name it in SOFTMETAL_CLANG" >&2
    exit 3
fi

flags='-std=c++20 -O2 -g1 -fPIC -fvisibility=hidden -fno-exceptions -Wall -Wextra -Werror'
objects=$out/objects
mkdir -p "$objects"
newest=$(find "$here" -name '*.h' -newer "$library" 2>/dev/null | head -1 || true)
failed=no
running=0
pids=''
finish() {
    for pid in $pids; do wait "$pid" || failed=yes; done
    pids=''
    running=0
}
for source in "$here"/*.cpp "$here"/*/*.cpp "$here"/*/*.S; do
    object=$objects/$(basename "$(dirname "$source")")-$(basename "$source").o
    if [ -f "$library" ] && [ -f "$object" ] && [ -z "$newest" ] && [ -z "$(find "$source" -newer "$object")" ]; then
        continue
    fi
    # shellcheck disable=SC2086
    { "$cxx" $flags -c "$source" -o "$object.new" && mv "$object.new" "$object"; } &
    pids="$pids $!"
    running=$((running + 1))
    if [ $running -ge "${SOFTMETAL_JOBS:-2}" ]; then
        finish
    fi
done
finish
if [ $failed = yes ]; then
    exit 1
fi
mkdir -p "$out"
rm -rf "$out/include.new"
cp -r "$here/include" "$out/include.new"
# The lint is a program around one function of the library.
program=$objects/lint-main.cpp.o
parts=$(find "$objects" -name '*.o' ! -path "$program")
# shellcheck disable=SC2086
"$cxx" -shared -Wl,-soname,libsoftmetal.so -Wl,-z,defs $parts -o "$library.new" -lpthread -ldl
rm -rf "$out/include"
mv "$out/include.new" "$out/include"
mv "$library.new" "$library"
"$cxx" "$program" "$library" -Wl,-rpath,"\$ORIGIN" -lpthread -o "$out/softmetal-lint"
