// What the training of a dynamic Boltzmann machine does besides its network, for Brian2's C++ standalone programs: it
// shows sequences, tests recall after every period, and stops. The network is Brian2's generated code, which calls
// snnlab::trainer().step() at the end of every step. The same in Python: runtime.py; why: schedule.py.
#pragma once

#include <algorithm>
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

    void keep(Memory& memory) const
    {
        memory.values.clear();
        for (const auto& trace : traces)
            memory.values.insert(memory.values.end(), trace.first, trace.first + trace.second);
        memory.history.assign(history, history + n);
    }
    void restore(const Memory& memory)
    {
        const double* from = memory.values.data();
        for (const auto& trace : traces) {
            std::copy(from, from + trace.second, trace.first);
            from += trace.second;
        }
        std::copy(memory.history.begin(), memory.history.end(), history);
    }
    void forget()
    {
        for (const auto& trace : traces)
            std::fill(trace.first, trace.first + trace.second, 0.0);
        std::fill(history, history + n, 0);
    }

    // What is remembered after a context or a cue from silence has nothing to do with what was learned: it is read once.
    Memory& read_before(int of) { return after[control[1]*2 + of]; }
    bool recollect(int of)
    {
        if (read_before(of).history.empty()) {
            forget();
            stage = of;
            return false;
        }
        restore(read_before(of));
        return true;
    }

    void begin_block()
    {
        if (!length(CONTEXT) || recollect(CONTEXT))
            begin_test();
    }
    void begin_test()
    {
        if (!testing) {
            stage = TRAIN;
            return;
        }
        keep(kept);
        if (!length(CUE) || recollect(CUE))
            stage = RECALL;
    }

    bool wrong() const
    {
        for (size_t i = 0; i < n; i++)
            if (x[i] != target[i])
                return true;
        return false;
    }

    // What the next step shows.
    void show()
    {
        const double* row = &rows[(first(stage) + at)*n];
        std::copy(row, row + n, target);
        *learning = stage == TRAIN;
        *recalling = stage == RECALL;
    }

    void save()
    {
        for (const auto& state : states)
            write(path("state_" + state.first), state.second.first, state.second.second);
        write(path("state_history"), history, n);
        write(path("control"), control.data(), control.size());
        write(path("block_periods"), block_periods.data(), block_periods.size());
        const long long counts[] = {steps, periods};
        write(path("counts"), counts, 2);
        finish();
    }

public:
    // Bound by the code that program.py puts into main.cpp.
    std::vector<std::pair<std::string, std::pair<double*, size_t>>> states;
    std::vector<std::pair<double*, size_t>> traces;
    int32_t* history = nullptr;
    double *x = nullptr, *target = nullptr, *learning = nullptr, *recalling = nullptr;

    void begin(size_t neurons)
    {
        n = neurons;
        for (const auto& state : states)
            read(path("state_" + state.first), state.second.first, state.second.second);
        read(path("state_history"), history, n);
        rows = read<double>(path("rows"));
        stages = read<int64_t>(path("stages"));
        control = read<int64_t>(path("control"));
        sequences = stages.size()/8;
        if (control.size() != 4 || stages.size() % 8 || !sequences || rows.size() % n)
            stop(FOREIGN, "job: arrays are of another size");
        after.resize(2*sequences);
        steps_stop = integer("steps_stop");
        periods_stop = integer("periods_stop");
        blocks_stop = integer("blocks_stop");
        testing = integer("testing");
        if (due() == BLOCK)
            begin_block();
        else
            begin_test();
        show();
    }

    void step()
    {
        steps++;
        if (steps >= next_look) {
            require_parent();
            report(periods);
            next_look = steps + 200000;
        }
        at++;
        const bool failed = stage == RECALL && wrong();
        if (!failed && at < length(stage)) {
            show();
            return;
        }
        at = 0;
        if (stage == TRAIN) {
            periods++;
            since()++;
            due() = TEST;
            if (periods >= periods_stop || steps >= steps_stop)
                save();
            begin_test();
        } else if (stage == CONTEXT) {
            keep(read_before(CONTEXT));
            begin_test();
        } else if (stage == CUE) {
            keep(read_before(CUE));
            stage = RECALL;
        } else {
            restore(kept);
            if (failed)
                stage = TRAIN;
            else {
                block_periods.push_back(since());
                const bool last = sequences == 1 || (since() == 0 && blocks() > 0);
                blocks()++;
                since() = 0;
                sequence() = (sequence() + 1) % sequences;
                due() = BLOCK;
                if (last || blocks() >= blocks_stop || steps >= steps_stop)
                    save();
                begin_block();
            }
        }
        show();
    }
};

inline Trainer& trainer()
{
    static Trainer one;
    return one;
}

}  // namespace snnlab
