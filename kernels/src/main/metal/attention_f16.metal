// Attention over a cache of F16; see attention.h.
#include "attention.h"

ATTENTIONS(half, false)
