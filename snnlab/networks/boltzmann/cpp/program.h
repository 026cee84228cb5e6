// What the training of a dynamic Boltzmann machine does besides its network, for Brian2's C++ standalone programs: it
// shows sequences, tests recall after every period, and stops. The network is Brian2's generated code, which calls
// snnlab::trainer().step() at the end of every step. The same in Python: runtime.py; why: schedule.py.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/cpp/files.h"
#include "engine/cpp/program.h"

namespace snnlab {

class Trainer : public Program
{
    enum Stage { CONTEXT, CUE, RECALL, TRAIN };
    enum Due { BLOCK, TEST };

    size_t n = 0, sequences = 0;
    std::vector<double> rows;
    std::vector<int64_t> stages;  // for each sequence and stage: its first row, and how many
    std::vector<int64_t> control, block_periods;
    struct Memory {
        std::vector<double> values;
        std::vector<int32_t> history;
    };
    Memory kept;
    std::vector<Memory> after;  // for each sequence: after its context, after its cue
    long long steps = 0, steps_stop = 0, periods = 0, periods_stop = 0, blocks_stop = 0, next_look = 0;
    bool testing = false;
    int stage = TRAIN;
    long long at = 0;

    int64_t &due() { return control[0]; }
    int64_t &sequence() { return control[1]; }
    int64_t &since() { return control[2]; }
    int64_t &blocks() { return control[3]; }

    long long first(int of) const { return stages[(control[1]*4 + of)*2]; }
    long long length(int of) const { return stages[(control[1]*4 + of)*2 + 1]; }

    void keep(Memory& memory) const;
    void restore(const Memory& memory);
    void forget();
    // What is remembered after a context or a cue from silence has nothing to do with what was learned: it is read once.
    Memory& read_before(int of) { return after[control[1]*2 + of]; }
    bool recollect(int of);
    void begin_block();
    void begin_test();
    bool wrong() const;
    // What the next step shows.
    void show();
    void save();

public:
    // Bound by the code that program.py puts into main.cpp.
    std::vector<std::pair<std::string, std::pair<double*, size_t>>> states;
    std::vector<std::pair<double*, size_t>> traces;
    int32_t* history = nullptr;
    double *x = nullptr, *target = nullptr, *learning = nullptr, *recalling = nullptr;

    void begin(size_t neurons);
    void step();
};

inline Trainer& trainer()
{
    static Trainer one;
    return one;
}

}  // namespace snnlab
