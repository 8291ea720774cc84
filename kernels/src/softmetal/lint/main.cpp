// softmetal-lint [--ptx FOLDER] FILE.metal ...
//
// Says what is wrong with kernels, at their lines; exits with 1 if anything is. With --ptx, each file's PTX is kept.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

extern "C" long softmetal_lint(const char *source, const char *ptx, char *text, long bytes);

namespace {

namespace fs = std::filesystem;

struct Line {
    std::string file;
    int number;
};

/// A source with its headers written into it, each once, as the product hands it to Metal.
struct Expanded {
    std::string text;
    std::vector<Line> lines;
    std::set<std::string> included;

    bool add(const fs::path &path) {
        std::ifstream in(path);
        if (!in) {
            std::fprintf(stderr, "softmetal-lint: cannot read %s\n", path.c_str());
            return false;
        }
        int number = 0;
        for (std::string line; std::getline(in, line);) {
            number++;
            if (line.compare(0, 10, "#include \"") == 0) {
                std::string header = line.substr(10, line.find('"', 10) - 10);
                if (included.insert(header).second && !add(path.parent_path() / header)) {
                    return false;
                }
                continue;
            }
            text += line + "\n";
            lines.push_back({path.string(), number});
        }
        return true;
    }

    /// Puts the files' own names and lines into messages.
    std::string placed(const std::string &found) const {
        std::istringstream in(found);
        std::string out;
        for (std::string line; std::getline(in, line);) {
            int number = 0, column = 0, used = 0;
            if (std::sscanf(line.c_str(), "program_source:%d:%d:%n", &number, &column, &used) == 2 && used > 0 && number >= 1 &&
                static_cast<size_t>(number) <= lines.size()) {
                const Line &at = lines[static_cast<size_t>(number) - 1];
                line = at.file + ":" + std::to_string(at.number) + ":" + std::to_string(column) + ":" + line.substr(static_cast<size_t>(used));
            } else if (line.compare(0, 15, "program_source:") == 0) {
                line = lines.back().file + ":" + line.substr(15);
            }
            out += line + "\n";
        }
        return out;
    }
};

} // namespace

int main(int count, char **arguments) {
    std::vector<fs::path> files;
    std::string ptxFolder;
    for (int i = 1; i < count; i++) {
        if (std::string(arguments[i]) == "--ptx" && i + 1 < count) {
            ptxFolder = arguments[++i];
        } else {
            files.emplace_back(arguments[i]);
        }
    }
    if (files.empty()) {
        std::fprintf(stderr, "usage: softmetal-lint [--ptx FOLDER] FILE.metal ...\n");
        return 2;
    }
    std::atomic<size_t> next{0};
    std::atomic<int> wrong{0};
    std::mutex output;
    auto work = [&] {
        for (size_t i = next++; i < files.size(); i = next++) {
            Expanded source;
            if (!source.add(files[i])) {
                wrong++;
                continue;
            }
            std::string ptx = ptxFolder.empty() ? "" : ptxFolder + "/" + files[i].stem().string() + ".ptx";
            std::vector<char> text(1 << 20);
            long found = softmetal_lint(source.text.c_str(), ptx.empty() ? nullptr : ptx.c_str(), text.data(), static_cast<long>(text.size()));
            std::lock_guard<std::mutex> lock(output);
            if (found > 0) {
                wrong++;
                std::fputs(source.placed(text.data()).c_str(), stdout);
            }
        }
    };
    std::vector<std::thread> workers;
    for (unsigned i = 0; i < std::thread::hardware_concurrency(); i++) {
        workers.emplace_back(work);
    }
    for (std::thread &worker : workers) {
        worker.join();
    }
    std::printf("%zu sources, %d with findings\n", files.size(), wrong.load());
    return wrong == 0 ? 0 : 1;
}
