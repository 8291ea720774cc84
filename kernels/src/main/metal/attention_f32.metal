// Attention over a cache of F32; see attention.h.
#include "attention.h"

ATTENTIONS(float, false)
