// Feedback of many outputs through one n x n matrix M = E phi': the same in Python, and why, in folding.py.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/cpp/matrices.h"

namespace snnlab {

// States of the filter: of each neuron, and of each output.
typedef std::vector<std::pair<double*, double*>> Filters;

// What learning changes in M and phi is kept, for up to BLOCK updates, and made in a neuron's column of M and row of phi
// when that neuron fires: each change is then made once, and in memory that the spike reads anyway.
class Folding
{
    static const int BLOCK = 48;
    const size_t n, k;
    Pages<double> encoder, m;  // column by column
    Pages<double> fed_back, decoded;  // u = E e, and e, of each change kept
    std::vector<double> gains, projected;
    std::vector<int> made;  // how many of the changes kept, for each neuron
    size_t projected_first = 0, projected_stop = 0;
    int kept = 0;

    // E times the targets of the BLOCK updates from this one on: all of E is read once for them.
    void project(const std::vector<double>& targets, size_t update);
    // Make the changes that are kept in a stretch of a neuron's column of M.
    void make_fed_back(size_t neuron, size_t first, size_t size);
    // The same in its row of phi.
    void make_decoded(size_t neuron);
    void make(size_t neuron);

public:
    const std::vector<double> jump;
    std::vector<double*> feedback;  // each state of the filter, as in Force::filters
    Pages<double> phi;              // row by row, without the changes kept: see flush

    Folding(size_t n, size_t k, const std::string& folder);
    // M and the feedback's states from phi and the outputs.
    void set(const Filters& filters);
    // phi -= scale gain error' with error = z - target, so that E error = I_fb - E target.
    template <typename T>
    void learn(const T* gain, double scale, const std::vector<double>& targets, size_t update, const Filters& filters);
    // Make the changes that are kept.
    void flush();
    // What these spikes bring to outputs and feedback.
    void spike(const int32_t* neurons, size_t count, const Filters& filters);
    // The decoder of one neuron now.
    const double* row(size_t neuron);
};

}  // namespace snnlab
