// Attention over a cache of BF16; see attention.h.
#include "attention.h"

ATTENTIONS(ushort, false)
