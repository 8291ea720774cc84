// Settings: SOFTMETAL_<NAME> in the environment when the library is loaded, changed at any time by softmetal_set.
#pragma once

#include <string>

namespace softmetal {

/// The value of a setting; empty where it has none.
std::string setting(const char *name);
/// The value as a number, decimal or with suffix K, M or G (1024 each); `otherwise` where it has none.
long settingNumber(const char *name, long otherwise);
bool settingOn(const char *name);
/// Back to what the environment said.
void resetSettings();

} // namespace softmetal
