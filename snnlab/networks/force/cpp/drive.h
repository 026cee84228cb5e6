// An external signal, read at a phase in ticks, and the input that its active components give to each neuron: what it
// is stands in drive.py.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/cpp/files.h"

namespace snnlab {

class Drive
{
    const size_t n;
    const std::vector<double> encoder, amplitude;  // the encoder column by column
    const std::vector<long long> first;            // of each sample's active components
    const std::vector<int32_t> component;
    const long long begin, start, ticks, per_sample;
    long long shown = -1;
    double* current;

public:
    Drive(size_t n, double* current, const std::string& folder, long long begin, long long start, long long ticks,
          long long per_sample)
        : n(n), encoder(read<double>(folder + "drive_encoder")), amplitude(read<double>(folder + "drive_amplitude")),
          first(read<long long>(folder + "drive_first")), component(read<int32_t>(folder + "drive_component")),
          begin(begin), start(start), ticks(ticks), per_sample(per_sample), current(current)
    {
        const size_t count = amplitude.size();
        const auto outside = [&](int32_t m) { return m < 0 || size_t(m) >= encoder.size()/n; };
        if (first.size() < 2 || first.back() != (long long) count || component.size() != count
            || std::any_of(component.begin(), component.end(), outside))
            stop(FOREIGN, "drive: arrays are of another size");
    }

    // The input of this step.
    void set(long long step)
    {
        const long long samples = first.size() - 1, phase = start + (step - begin)*ticks, length = samples*per_sample;
        const long long sample = ((phase % length) + length) % length/per_sample;
        if (sample == shown)
            return;
        shown = sample;
        std::fill(current, current + n, 0.0);
        for (long long e = first[sample]; e < first[sample + 1]; e++) {
            const double *column = &encoder[component[e]*n], size = amplitude[e];
            for (size_t i = 0; i < n; i++)
                current[i] += size*column[i];
        }
    }
};

}  // namespace snnlab
