#!/bin/sh
# Makes a recording ready for an NVIDIA GPU: compiles its kernels to machine code and the program that runs them.
#
#   prepare.sh <library folder> <recording> [<architecture>]
#
# <library folder> is what build.sh wrote; <recording> a folder that SOFTMETAL_RECORD named while tests ran. Needs CUDA's
# ptxas, libdevice and cuda.h (CUDA_HOME, default /usr/local/cuda). Afterwards, where the GPU is:
#
#   <recording>/replay <recording>
#   compute-sanitizer --tool memcheck --report-api-errors no <recording>/replay <recording>      and racecheck, initcheck, synccheck
#
# Without that flag memcheck counts each function constant that a kernel does not use as an error of the program.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
built=$1
recording=$2
architecture=${3:-sm_90}
cuda=${CUDA_HOME:-/usr/local/cuda}
SOFTMETAL_LIBDEVICE=$(find -L "$cuda/nvvm/libdevice" -name 'libdevice*.bc' | head -1)
export SOFTMETAL_LIBDEVICE

"$built/softmetal-lint" --ptx "$recording" "$recording"/*.metal
for ptx in "$recording"/*.ptx; do
    "$cuda/bin/ptxas" --gpu-name "$architecture" -lineinfo -v "$ptx" -o "${ptx%.ptx}.cubin" 2>>"$recording/ptxas.log"
    rm "$ptx"
done
# The driver's library is where the GPU is: one of its name that does nothing stands in for it.
"${CXX:-c++}" -O2 -std=c++17 -I"$cuda/include" -c "$here/replay.cc" -o "$recording/replay.o"
nm -u "$recording/replay.o" | sed -n 's/^ *U \(cu[A-Z][A-Za-z0-9_]*\)$/void \1(void) {}/p' >"$recording/cuda.c"
"${CC:-cc}" -shared -fPIC -Wl,-soname,libcuda.so.1 "$recording/cuda.c" -o "$recording/libcuda.so"
"${CXX:-c++}" "$recording/replay.o" "$recording/libcuda.so" -o "$recording/replay"
rm "$recording/replay.o" "$recording/cuda.c" "$recording/libcuda.so"
