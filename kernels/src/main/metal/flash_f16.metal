// Attention of prompts over a cache of F16, where numerics are fast; see flash.h.
#include "flash.h"

FLASHES(half, false)
