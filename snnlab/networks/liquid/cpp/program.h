// What a liquid does besides its network, for Brian2's C++ standalone programs: the pixels that it is shown, and readings
// of its neurons. The network is Brian2's generated code. The same in Python: liquid.py.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/cpp/files.h"
#include "engine/cpp/program.h"

namespace snnlab {

class Pool : public Program
{
    size_t n = 0, channels = 0;
    long long images = 0, rows = 0, all_rows = 0, steps = 0, at = 0, image = 0;
    double row = 1;
    std::vector<double> pixels, states;
    std::vector<int32_t> counts;
    std::vector<int64_t> read_at;
    size_t next = 0;

public:
    // Bound by the code that liquid/program.py puts into main.cpp.
    double *r = nullptr, *w = nullptr;
    int32_t *count = nullptr;
    size_t synapses = 0;

    void open(const std::string& results, size_t n_neurons, size_t n_channels)
    {
        Program::open(results);
        n = n_neurons;
        channels = n_channels;
        images = integer("images");
        rows = integer("rows");
        all_rows = integer("all_rows");
        steps = integer("steps");
        row = number("row");
        pixels = read<double>(path("pixels"));
        read_at = read<int64_t>(path("read_at"));
        if (images < 1 || pixels.size() != size_t(images*rows)*channels || read_at.empty() || read_at.back() >= steps)
            stop(FOREIGN, "job: arrays are of another size");
        states.reserve(size_t(images)*read_at.size()*n);
        counts.reserve(size_t(images)*n);
    }

    template <typename I>
    void connect(const std::string& kind, std::vector<I>& pre, std::vector<I>& post, std::vector<double>& weight)
    {
        read(path(kind + "_pre"), pre.data(), pre.size());
        read(path(kind + "_post"), post.data(), post.size());
        read(path(kind + "_w"), weight.data(), weight.size());
    }

    double shown(double t, int channel) const
    {
        const long long now = (long long)(t/row + 0.5), inside = now % all_rows;
        return inside < rows && now/all_rows < images ? pixels[(now/all_rows*rows + inside)*channels + channel] : 0;
    }

    void step()
    {
        if (next < read_at.size() && read_at[next] == at) {
            states.insert(states.end(), r, r + n);
            next++;
        }
        if (++at < steps)
            return;
        at = 0;
        next = 0;
        long long fired = 0;
        for (size_t i = 0; i < n; i++)
            fired += count[i];
        counts.insert(counts.end(), count, count + n);
        if (fired >= number("runaway_spikes"))
            stop(DIVERGED, "neurons fire at " + text("runaway") + " Hz or more in image " + std::to_string(image));
        image++;
        if (image % 64 == 0 || image == images) {
            require_parent();
            report(image);
        }
        if (image < images)
            return;
        write(path("states"), states.data(), states.size());
        write(path("counts"), counts.data(), counts.size());
        write(path("learned"), w, synapses);
        finish();
    }
};

inline Pool& pool()
{
    static Pool one;
    return one;
}

}  // namespace snnlab
