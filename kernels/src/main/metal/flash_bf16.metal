// Attention of prompts over a cache of BF16, where numerics are fast; see flash.h.
#include "flash.h"

FLASHES(ushort, false)
