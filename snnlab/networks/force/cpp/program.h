// What a FORCE run does besides its network, for Brian2's C++ standalone programs: recursive least squares, recording,
// guards, and its state from and to files. The network itself is Brian2's generated code, which calls
// snnlab::force().step() at the end of every step. The same tasks in Python: force/runtime.py.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/cpp/program.h"

namespace snnlab {

class Drive;
class Folding;
template <typename T> class Inverse;

// Every n-th of the steps first, first + every, ... below stop.
struct Steps
{
    long long first, stop, every;
    bool due(long long step) const { return step >= first && step < stop && (step - first) % every == 0; }
    long long index(long long step) const { return (step - first)/every; }
};

class Force : public Program
{
    size_t n = 0, k = 0;
    long long last = 0, looked = -1, updates_before = 0;
    Steps learn, record, bin, look;
    long long decoder_every = 1, decoder_rows = 0, spiking = 0, traced = 0;
    double largest = 0;  // size of a state that has diverged
    bool single = false, exact = false, keep_p = false;
    std::vector<double> targets, errors, between, last_states;
    std::vector<int32_t> fired;  // since the last update
    std::vector<char> has_fired;
    bool images_kept = false;
    int crowded = 0;
    std::vector<double> signs;  // of Dale's law: outputs m and parts + m are z+ and z-, see dale.py
    size_t parts = 0;           // outputs that are taught
    Inverse<double>* p64 = nullptr;
    Inverse<float>* p32 = nullptr;
    Drive* external = nullptr;
    Folding* folding = nullptr;
    std::vector<double> outputs, decoders;
    std::vector<float> voltages;
    std::vector<long long> counts, spike_steps;
    std::vector<int32_t> spike_neurons, count_before;

    Steps steps(const std::string& key) const
    {
        return {integer(key + "_first"), integer(key + "_stop"), integer(key + "_every")};
    }
    // z = phi' r for the output and every other state of its filter, and what is fed back.
    void set_outputs();
    // Entry m of the first ``parts`` of a neuron's decoder, or of the outputs.
    double joined(const double* values, size_t m) const
    {
        return signs.empty() ? values[m] : values[m] + values[parts + m];
    }
    void set_weight(size_t neuron, size_t m, double weight);
    // phi -= scale gain error' and what follows from it for the outputs.
    template <typename T> void correct(const std::vector<T>& gain, double scale, size_t update);
    // The images of all states, from what changed since the last update if that is less than P.
    template <typename T> void take_images(Inverse<T>& inverse);
    template <typename T> void update(Inverse<T>& inverse, long long step);
    void diverged(const std::string& what, long long step);
    void check(long long step);

public:
    // Bound by the code that force/program.py puts into main.cpp.
    std::vector<std::pair<std::string, std::pair<double*, size_t>>> states;
    std::vector<std::pair<double*, double*>> filters;  // (of a neuron, of the output), r and z first
    double *feedback = nullptr, *voltage = nullptr, *phi = nullptr;
    int32_t *spike_count = nullptr, *spikespace = nullptr;

    long long first_step() const { return integer("start"); }
    double dt() const { return number("dt"); }

    void open(const std::string& results);
    void drive(double* current, size_t n_neurons);
    // The feedback of all outputs is one matrix; ``currents`` are the states of its filter in the neurons.
    void fold(size_t n_neurons, size_t n_outputs, const std::vector<double*>& currents);
    // The synapses of the run in place of those that the program was built with.
    void synapses(const std::string& name, std::vector<int32_t>& pre, std::vector<int32_t>& post,
                  std::vector<double>& weight, int32_t* count);
    void begin(size_t n_neurons, size_t n_outputs);
    void step(long long step);
    void save();
};

inline Force& force()
{
    static Force one;
    return one;
}

}  // namespace snnlab
