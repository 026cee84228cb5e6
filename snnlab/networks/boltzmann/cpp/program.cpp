#include "networks/boltzmann/cpp/program.h"

#include <algorithm>

#include "engine/cpp/files.h"

namespace snnlab {

void Trainer::keep(Memory& memory) const
{
    memory.values.clear();
    for (const auto& trace : traces)
        memory.values.insert(memory.values.end(), trace.first, trace.first + trace.second);
    memory.history.assign(history, history + n);
}

void Trainer::restore(const Memory& memory)
{
    const double* from = memory.values.data();
    for (const auto& trace : traces) {
        std::copy(from, from + trace.second, trace.first);
        from += trace.second;
    }
    std::copy(memory.history.begin(), memory.history.end(), history);
}

void Trainer::forget()
{
    for (const auto& trace : traces)
        std::fill(trace.first, trace.first + trace.second, 0.0);
    std::fill(history, history + n, 0);
}

bool Trainer::recollect(int of)
{
    if (read_before(of).history.empty()) {
        forget();
        stage = of;
        return false;
    }
    restore(read_before(of));
    return true;
}

void Trainer::begin_block()
{
    if (!length(CONTEXT) || recollect(CONTEXT))
        begin_test();
}

void Trainer::begin_test()
{
    if (!testing) {
        stage = TRAIN;
        return;
    }
    keep(kept);
    if (!length(CUE) || recollect(CUE))
        stage = RECALL;
}

bool Trainer::wrong() const
{
    for (size_t i = 0; i < n; i++)
        if (x[i] != target[i])
            return true;
    return false;
}

void Trainer::show()
{
    const double* row = &rows[(first(stage) + at)*n];
    std::copy(row, row + n, target);
    *learning = stage == TRAIN;
    *recalling = stage == RECALL;
}

void Trainer::save()
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

void Trainer::begin(size_t neurons)
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

void Trainer::step()
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

}  // namespace snnlab
