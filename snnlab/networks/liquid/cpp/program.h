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

    void open(const std::string& results, size_t n_neurons, size_t n_channels);
    void connect(const std::string& kind, std::vector<int32_t>& pre, std::vector<int32_t>& post,
                 std::vector<double>& weight);
    // The pixel of a channel at a time.
    double shown(double t, int channel) const
    {
        const long long now = (long long)(t/row + 0.5), inside = now % all_rows;
        return inside < rows && now/all_rows < images ? pixels[(now/all_rows*rows + inside)*channels + channel] : 0;
    }
    void step();
};

inline Pool& pool()
{
    static Pool one;
    return one;
}

}  // namespace snnlab
