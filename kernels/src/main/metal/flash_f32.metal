// Attention of prompts over a cache of F32, where numerics are fast; see flash.h.
#include "flash.h"

FLASHES(float, false)
