#include "executor.h"

#include <immintrin.h>
#include <link.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <chrono>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

#include "../settings.h"
#include "fibers.h"
#include "memcheck.h"

namespace softmetal {
namespace {

// A kernel that touches what it may not touch: the signal is turned into the end of the dispatch. Signals of other
// threads, the Java machine's own among them, go to whoever handled them before.

struct Job;
struct Escape {
    sigjmp_buf buffer;
    volatile sig_atomic_t inKernel = 0;
    void *address = nullptr;
    const Job *job = nullptr;
};
__thread Escape *escape __attribute__((tls_model("initial-exec")));

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE};
struct sigaction previous[3];

/// What the watchdog sends to a worker whose kernel does not end. Nobody else in a Java process uses this one.
int interruption() {
    return SIGRTMIN + 5;
}

void onInterruption(int signal, siginfo_t *info, void *context);

/// The library of mathematics in memory: kernels call it, and it holds no locks.
const unsigned char *mathBegin, *mathEnd;

int findMath(struct dl_phdr_info *info, size_t, void *) {
    auto *inside = reinterpret_cast<const unsigned char *>(static_cast<float (*)(float)>(&sinf));
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) &segment = info->dlpi_phdr[i];
        auto *begin = reinterpret_cast<const unsigned char *>(info->dlpi_addr + segment.p_vaddr);
        if (segment.p_type == PT_LOAD && inside >= begin && inside < begin + segment.p_memsz) {
            mathBegin = begin;
            mathEnd = begin + segment.p_memsz;
            return 1;
        }
    }
    return 0;
}

void onSignal(int signal, siginfo_t *info, void *context) {
    Escape *e = escape;
    if (e != nullptr && e->inKernel) {
        e->inKernel = 0;
        e->address = info->si_addr;
        siglongjmp(e->buffer, signal);
    }
    for (int i = 0; i < 3; i++) {
        if (kSignals[i] == signal) {
            const struct sigaction &old = previous[i];
            if (old.sa_flags & SA_SIGINFO) {
                old.sa_sigaction(signal, info, context);
            } else if (old.sa_handler == SIG_DFL) {
                ::signal(signal, SIG_DFL);
                raise(signal);
            } else if (old.sa_handler != SIG_IGN) {
                old.sa_handler(signal);
            }
        }
    }
}

void installHandlers() {
    static std::once_flag once;
    std::call_once(once, [] {
        struct sigaction action;
        std::memset(&action, 0, sizeof action);
        action.sa_sigaction = onSignal;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        for (int i = 0; i < 3; i++) {
            sigaction(kSignals[i], &action, &previous[i]);
        }
        dl_iterate_phdr(findMath, nullptr);
        action.sa_sigaction = onInterruption;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART;
        sigaction(interruption(), &action, nullptr);
    });
}

/// One thread that runs threadgroups.
struct Worker {
    Worker() {
        // The fault may be the overflow of a fiber's stack: the handler needs one of its own.
        stack_t stack;
        stack.ss_sp = alternate.get();
        stack.ss_size = kAlternateBytes;
        stack.ss_flags = 0;
        sigaltstack(&stack, nullptr);
        escape = &own;
        sigset_t unblocked;
        sigemptyset(&unblocked);
        sigaddset(&unblocked, interruption());
        pthread_sigmask(SIG_UNBLOCK, &unblocked, nullptr);
        _mm_setcsr(_mm_getcsr() | 0x8040); // denormals are zero, as in every Metal kernel
    }
    ~Worker() {
        escape = nullptr;
        stack_t stack{};
        stack.ss_flags = SS_DISABLE;
        sigaltstack(&stack, nullptr);
    }

    static constexpr size_t kAlternateBytes = 128 * 1024;
    Fibers fibers;
    MemoryCheck memory;
    Accesses accesses;
    Escape own;
    std::unique_ptr<char[]> alternate{new char[kAlternateBytes]};
};

Worker &thisWorker() {
    static thread_local std::unique_ptr<Worker> worker;
    if (!worker) {
        worker = std::make_unique<Worker>();
    }
    return *worker;
}

/// The dispatch that is being run by all workers.
struct Job {
    const Dispatch *dispatch;
    Schedule schedule;
    unsigned long total;
    std::atomic<unsigned long> next{0};
    std::atomic<bool> failed{false};
    std::atomic<bool> expired{false};
    std::mutex mutex;
    Outcome outcome;
    std::vector<pthread_t> workers; // those that run it now

    void enter() {
        std::lock_guard<std::mutex> lock(mutex);
        workers.push_back(pthread_self());
    }
    void exit(Accesses &accesses) {
        std::lock_guard<std::mutex> lock(mutex);
        workers.erase(std::find(workers.begin(), workers.end(), pthread_self()));
        if (dispatch->accesses != nullptr) {
            dispatch->accesses->add(accesses);
            accesses.clear();
        }
    }
    void interrupt() {
        std::lock_guard<std::mutex> lock(mutex);
        expired = true;
        for (pthread_t worker : workers) {
            pthread_kill(worker, interruption());
        }
    }
    void fail(Outcome::Kind kind, const std::string &message) {
        std::lock_guard<std::mutex> lock(mutex);
        if (!failed.exchange(true)) {
            outcome = {kind, message};
        }
    }
};

/// Ends a kernel that does nothing but compute. One that is in a function of ours, which may hold a lock, is left alone:
/// it either looks at the time itself, or is interrupted somewhere else a little later.
void onInterruption(int signal, siginfo_t *, void *context) {
    Escape *e = escape;
    if (e == nullptr || !e->inKernel || e->job == nullptr || !e->job->expired.load(std::memory_order_relaxed)) {
        return;
    }
    auto *at = reinterpret_cast<const unsigned char *>(static_cast<ucontext_t *>(context)->uc_mcontext.gregs[REG_RIP]);
    const Dispatch &dispatch = *e->job->dispatch;
    if ((at >= dispatch.image && at < dispatch.imageEnd) || (at >= mathBegin && at < mathEnd)) {
        e->inKernel = 0;
        siglongjmp(e->buffer, signal);
    }
}

std::string faultMessage(const Worker &worker, int signal) {
    const Fibers &fibers = worker.fibers;
    std::string where = " (" + fibers.where(fibers.running()) + ")";
    char address[32];
    std::snprintf(address, sizeof address, "%p", worker.own.address);
    if (signal == SIGFPE) {
        return "integer division by zero" + where;
    }
    if (fibers.stacks.inGuard(worker.own.address)) {
        return "a thread's stack overflows" + where;
    }
    return std::string("page fault at address ") + address + where;
}

void runGroup(Worker &worker, Job &job, unsigned long linear) {
    const Dispatch &d = *job.dispatch;
    auto x = static_cast<unsigned>(linear % d.groups[0]);
    auto y = static_cast<unsigned>(linear / d.groups[0] % d.groups[1]);
    auto z = static_cast<unsigned>(linear / d.groups[0] / d.groups[1]);
    Fibers &fibers = worker.fibers;
    fibers.memory = d.memcheck ? &worker.memory : nullptr;
    fibers.accesses = d.accesses != nullptr ? &worker.accesses : nullptr;
    fibers.expired = &job.expired;
    if (d.memcheck) {
        worker.memory.begin();
    }
    int signal = sigsetjmp(worker.own.buffer, 0);
    if (signal == 0) {
        worker.own.inKernel = 1;
        bool completed = fibers.run(d, job.schedule, x, y, z);
        worker.own.inKernel = 0;
        if (!completed) {
            job.fail(fibers.kind, fibers.message);
        }
    } else if (signal == interruption()) {
        job.fail(Outcome::Kind::endless, "(" + fibers.where(fibers.running()) + ")");
    } else {
        job.fail(signal == SIGFPE ? Outcome::Kind::misbehaved : Outcome::Kind::pageFault, faultMessage(worker, signal));
    }
    softmetal_current_lane = nullptr;
}

void runGroups(Job &job) {
    Worker &worker = thisWorker();
    worker.own.job = &job;
    job.enter();
    while (!job.failed.load(std::memory_order_relaxed)) {
        unsigned long linear = job.next.fetch_add(1);
        if (linear >= job.total) {
            break;
        }
        runGroup(worker, job, linear);
    }
    job.exit(worker.accesses);
    worker.own.job = nullptr;
}

/// Looks at the dispatch that runs a few times a second, and interrupts it once its time is over.
class Watchdog {
public:
    void begin(Job &job) {
        std::lock_guard<std::mutex> lock(mutex_);
        long millis = settingNumber("WATCHDOG", kDefaultMillis);
        job_ = millis == 0 ? nullptr : &job;
        end_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(millis);
        if (!started_) {
            started_ = true;
            std::thread([this] { watch(); }).detach();
        }
    }
    void end() {
        std::lock_guard<std::mutex> lock(mutex_);
        job_ = nullptr;
    }

private:
    /// Much longer than a GPU is given: the software device takes a hundred times as long for the same work.
    static constexpr long kDefaultMillis = 60000;

    void watch() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);
        for (;;) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            std::lock_guard<std::mutex> lock(mutex_);
            if (job_ != nullptr && std::chrono::steady_clock::now() > end_) {
                job_->interrupt();
            }
        }
    }

    std::mutex mutex_;
    Job *job_ = nullptr;
    std::chrono::steady_clock::time_point end_;
    bool started_ = false;
};

/// The helpers of the thread that dispatches. It waits for none that has not begun: one that wakes up late finds the
/// job closed.
class Pool {
public:
    Outcome run(const Dispatch &dispatch) {
        std::lock_guard<std::mutex> turn(turn_);
        Job job;
        job.dispatch = &dispatch;
        job.schedule = Schedule::fromSettings();
        job.total = static_cast<unsigned long>(dispatch.groups[0]) * dispatch.groups[1] * dispatch.groups[2];
        long workers = settingNumber("WORKERS", static_cast<long>(std::thread::hardware_concurrency()));
        auto helpers = static_cast<long>(std::min<unsigned long>(job.total, static_cast<unsigned long>(workers))) - 1;
        watchdog_.begin(job);
        if (helpers > 0) {
            open(job, helpers);
        }
        runGroups(job);
        if (helpers > 0) {
            close();
        }
        watchdog_.end();
        return job.outcome;
    }

private:
    void open(Job &job, long helpers) {
        std::lock_guard<std::mutex> lock(mutex_);
        while (started_ < helpers) {
            started_++;
            std::thread([this] { help(); }).detach();
        }
        job_ = &job;
        wanted_ = helpers;
        for (long i = 0; i < helpers; i++) {
            opened_.notify_one();
        }
    }

    void close() {
        std::unique_lock<std::mutex> lock(mutex_);
        job_ = nullptr;
        wanted_ = 0;
        idle_.wait(lock, [this] { return working_ == 0; });
    }

    void help() {
        sigset_t all;
        sigfillset(&all);
        sigdelset(&all, SIGSEGV);
        sigdelset(&all, SIGBUS);
        sigdelset(&all, SIGFPE);
        pthread_sigmask(SIG_BLOCK, &all, nullptr); // the process's signals are for others
        std::unique_lock<std::mutex> lock(mutex_);
        for (;;) {
            opened_.wait(lock, [this] { return wanted_ > 0; });
            wanted_--;
            working_++;
            Job *job = job_;
            lock.unlock();
            runGroups(*job);
            lock.lock();
            if (--working_ == 0) {
                idle_.notify_all();
            }
        }
    }

    Watchdog watchdog_;
    std::mutex turn_;
    std::mutex mutex_;
    std::condition_variable opened_;
    std::condition_variable idle_;
    Job *job_ = nullptr;
    long wanted_ = 0;
    long working_ = 0;
    long started_ = 0;
};

} // namespace

Schedule Schedule::fromSettings() {
    std::string text = setting("SCHED");
    Schedule schedule;
    if (text == "reverse") {
        schedule.order = Order::reverse;
    } else if (text.compare(0, 6, "random") == 0) {
        schedule.order = Order::random;
        if (text.size() > 7) {
            schedule.seed = static_cast<unsigned>(std::strtoul(text.c_str() + 7, nullptr, 10));
        }
    }
    return schedule;
}

Outcome execute(const Dispatch &dispatch) {
    installHandlers();
    static Pool *pool = new Pool(); // its threads live as long as the process
    return pool->run(dispatch);
}

} // namespace softmetal
