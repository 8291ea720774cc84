// Attention over a cache of I8; see attention.h.
#include "attention.h"

ATTENTIONS(char, true)
