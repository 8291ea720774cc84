// Runs a program and collects what it says.
#pragma once

#include <string>
#include <vector>

namespace softmetal {

/// Runs `arguments[0]` in a folder; standard output and error go to `output`. The exit status; 127 where it cannot run.
int runProgram(const std::vector<std::string> &arguments, const std::string &folder, std::string *output);

std::string readFile(const std::string &path);
bool writeFile(const std::string &path, const std::string &text);
/// The folder of this library, with its headers in `include`.
std::string libraryFolder();
std::string libraryPath();

} // namespace softmetal
