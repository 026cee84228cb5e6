// The inverse correlation matrix of recursive least squares, and its products with filtered spikes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/cpp/matrices.h"

namespace snnlab {

// P of recursive least squares, exact: column-major, symmetric, written once in BLOCK updates (learning/rls.py: the same in Python).
//
// The images q = P s of the filtered spikes r and of the other states of their filter are kept from update to update.
// Between two updates every state changes by the same linear map but in the neurons that fired, so that
// P s(t) = (map of the images) + (columns of P of those neurons): a hundred columns instead of all of P.
template <typename T> class Inverse
{
    static const int BLOCK = 32;
    typedef Changes<T, BLOCK> Columns;
    const size_t n;
    Pages<T> p;
    Columns columns;  // of which the first few are kept, to be subtracted
    int kept = 0;
    std::vector<T> x;

    // Columns j to j + J - 1 of P <- P - C C', from the diagonal down.
    template <int J> void downdate(size_t j);
    // The rows of P above its diagonal from the columns j to j + J - 1 below it.
    template <int J> void mirror(size_t j);
    void mirror();
    // q -= C (C' x), given C' x.
    void subtract_pending(const T* sums, T* q) const;

public:
    std::vector<std::vector<T>> images;

    Inverse(size_t n, size_t n_states);
    void start(double alpha);
    // The image of a state from all of P.
    void image(const double* state, std::vector<T>& q);
    // An image where its state changed by these amounts in these neurons.
    void change(const std::vector<int32_t>& neurons, const std::vector<T>& amounts, std::vector<T>& q);
    double along(const double* state) const;
    // P <- P - q q' / divisor with q = P r; tells whether P was written, so that images should be taken anew.
    bool add(double divisor);
    void load(const std::string& folder);
    void save(const std::string& folder) const;
};

}  // namespace snnlab
