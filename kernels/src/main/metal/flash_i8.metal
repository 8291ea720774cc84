// Attention of prompts over a cache of int8, where numerics are fast; see flash.h.
#include "flash.h"

FLASHES(char, true)
