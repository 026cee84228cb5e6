// What every C++ program of snnlab does, whatever its network: its job from a file, progress, and a clean end.
#pragma once

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#ifdef __SSE__
#include <xmmintrin.h>
#endif

#include "engine/cpp/files.h"

namespace snnlab {

// Numbers below 1e-307 become 0. The filtered spikes of a neuron that has been silent for 14 s are there, and a
// processor takes a hundred times as long for such a number as for another.
inline void flush_denormals()
{
#ifdef __SSE__
    _mm_setcsr(_mm_getcsr() | 0x8040);
#elif defined(__aarch64__) && defined(__GNUC__)
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    __asm__ volatile("msr fpcr, %0" : : "r"(control | (uint64_t(1) << 24)));
#endif
}

// A folder with a file "job" of keys and values, and an array in each other file.
class Program
{
    std::map<std::string, std::string> job;

protected:
    std::string folder;

    std::string text(const std::string& key) const
    {
        const auto found = job.find(key);
        if (found == job.end())
            stop(FOREIGN, "job: " + key + " is missing");
        return found->second;
    }
    long long integer(const std::string& key) const { return std::atoll(text(key).c_str()); }
    double number(const std::string& key) const { return std::atof(text(key).c_str()); }

    void require_parent() const
    {
        if (getppid() != integer("parent"))
            stop(ORPHAN, "the process that started this one is gone");
    }

    static void report(long long done)
    {
        std::printf("%lld\n", done);
        std::fflush(stdout);
    }

    // All is written. Brian2 would go on, and write files of all its arrays.
    void finish() const
    {
        write(path("done"), "1", 1);
        std::_Exit(0);
    }

public:
    unsigned long seed() const { return std::strtoul(text("seed").c_str(), nullptr, 10); }
    std::string path(const std::string& name) const { return folder + name; }

    void open(const std::string& results)
    {
#ifdef __linux__
        prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
#ifdef SIGXFSZ
        // So that a file that may not grow is an error of write().
        std::signal(SIGXFSZ, SIG_IGN);
#endif
        flush_denormals();
        folder = results;
        std::ifstream file(folder + "job");
        std::string key, value;
        while (file >> key >> value)
            job[key] = value;
    }
};

}  // namespace snnlab
