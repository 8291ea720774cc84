// All of the MSL standard library that softmetal knows. The translator includes it ahead of every kernel source.
#pragma once

#include "abi.h"
#include "types.h"
#include "math.h"
#include "threads.h"
#include "simdgroup_matrix.h"
#include "atomics.h"
#include "kernels.h"
