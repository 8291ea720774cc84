#include "process.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

extern char **environ;

namespace softmetal {

int runProgram(const std::vector<std::string> &arguments, const std::string &folder, std::string *output) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        *output = std::strerror(errno);
        return 127;
    }
    // Not fork: the process may be a Java machine with hundreds of threads and gigabytes mapped.
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    std::vector<char *> argv;
    for (const std::string &argument : arguments) {
        argv.push_back(const_cast<char *>(argument.c_str()));
    }
    argv.push_back(nullptr);
    pid_t child;
    int failed = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (failed != 0) {
        close(ends[0]);
        *output = arguments[0] + ": " + std::strerror(failed);
        return 127;
    }
    char buffer[4096];
    for (;;) {
        ssize_t n = read(ends[0], buffer, sizeof buffer);
        if (n > 0) {
            output->append(buffer, static_cast<size_t>(n));
        } else if (n == 0 || errno != EINTR) {
            break;
        }
    }
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string readFile(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

bool writeFile(const std::string &path, const std::string &text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    return static_cast<bool>(file.flush());
}

std::string libraryPath() {
    Dl_info info;
    dladdr(reinterpret_cast<void *>(&libraryPath), &info);
    return info.dli_fname;
}

std::string libraryFolder() {
    std::string path = libraryPath();
    return path.substr(0, path.rfind('/'));
}

} // namespace softmetal
