// Feedback of many outputs through one n x n matrix M = E phi': the same in Python, and why, in folding.py.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "files.h"
#include "matrices.h"

namespace snnlab {

// What learning changes in M and phi is kept for BLOCK updates and then made at once; a spike needs only its column of
// M, its row of phi, and their part of the changes kept.
class Folding
{
    static const int BLOCK = 16;
    const size_t n, k;
    Pages<double> encoder, m;  // column by column
    Changes<double, BLOCK> fed_back, decoded;  // u = E e, and e
    std::vector<double> gains, fed, out, projected;
    size_t projected_first = 0, projected_stop = 0;
    int kept = 0;

    // to[0 .. size) += factor * from
    static void add(double factor, const double* from, double* to, size_t size)
    {
        for (size_t i = 0; i < size; i++)
            to[i] += factor*from[i];
    }

    // to[0 .. size) += the sum of factors[c] * (column c of from)
    static void add(const double* factors, size_t count, const double* from, double* to, size_t size)
    {
        size_t c = 0;
        for (; c + 4 <= count; c += 4) {
            const double *a0 = from + c*size, *a1 = a0 + size, *a2 = a1 + size, *a3 = a2 + size;
            const double f0 = factors[c], f1 = factors[c + 1], f2 = factors[c + 2], f3 = factors[c + 3];
            for (size_t i = 0; i < size; i++)
                to[i] += f0*a0[i] + f1*a1[i] + f2*a2[i] + f3*a3[i];
        }
        for (; c < count; c++)
            add(factors[c], from + c*size, to, size);
    }

    // E times the targets of the BLOCK updates from this one on: all of E is read once for them.
    void project(const std::vector<double>& targets, size_t update)
    {
        projected_first = update;
        projected_stop = std::min(update + BLOCK, targets.size()/k);
        std::fill(projected.begin(), projected.end(), 0.0);
        const size_t count = projected_stop - projected_first;
        // Some columns of E at a time, which stay in the first cache for all updates.
        for (size_t o = 0; o < k; o += 4)
            for (size_t c = 0; c < count; c++)
                add(&targets[(update + c)*k + o], std::min<size_t>(4, k - o), encoder.data() + o*n, &projected[c*n], n);
    }

    // Columns j to j + J - 1 of M, and of phi, minus the changes kept.
    template <int J> void write(size_t j)
    {
        double w[J][BLOCK];
        for (int b = 0; b < J; b++)
            for (int c = 0; c < BLOCK; c++)
                w[b][c] = c < kept ? gains[c*n + j + b] : 0;
        fed_back.subtract(m.data() + j*n, w);
        decoded.subtract(phi.data() + j*k, w);
    }

public:
    const std::vector<double> jump;
    std::vector<double*> feedback;  // each state of the filter, as in Force::filters
    Pages<double> phi;              // row by row, without the changes kept: see flush

    Folding(size_t n, size_t k, const std::string& folder)
        : n(n), k(k), encoder(n*k), m(n*n + Changes<double, BLOCK>::SLACK), fed_back(n), decoded(k), gains(n*BLOCK),
          fed(n), out(k), projected(n*BLOCK), jump(read<double>(folder + "jump")),
          phi(n*k + Changes<double, BLOCK>::SLACK)
    {
        read(folder + "encoder", encoder.data(), n*k);
    }

    // M and the feedback's states from phi and the outputs.
    template <typename Filters> void set(const Filters& filters)
    {
        kept = 0;
        std::fill(m.data(), m.data() + n*n, 0.0);
        const bool learned = std::any_of(phi.data(), phi.data() + n*k, [](double weight) { return weight != 0; });
        for (size_t o = 0; learned && o < k; o += 4)
            for (size_t j = 0; j < n; j++)
                add(phi.data() + j*k + o, std::min<size_t>(4, k - o), encoder.data() + o*n, m.data() + j*n, n);
        for (size_t s = 0; s < feedback.size(); s++) {
            std::fill(feedback[s], feedback[s] + n, 0.0);
            add(filters[s].second, k, encoder.data(), feedback[s], n);
        }
    }

    // phi -= scale gain error' with error = z - target, so that E error = I_fb - E target.
    template <typename T, typename Filters>
    void learn(const T* gain, double scale, const std::vector<double>& targets, size_t update, const Filters& filters)
    {
        if (update < projected_first || update >= projected_stop)
            project(targets, update);
        double *g = &gains[kept*n], *u = fed_back[kept], *e = decoded[kept];
        const double *target = &targets[update*k], *projection = &projected[(update - projected_first)*n];
        for (size_t i = 0; i < n; i++) {
            g[i] = scale*gain[i];
            u[i] = feedback[0][i] - projection[i];
        }
        for (size_t o = 0; o < k; o++)
            e[o] = filters[0].second[o] - target[o];
        for (size_t s = 0; s < filters.size(); s++) {
            double size = 0;
            for (size_t i = 0; i < n; i++)
                size += g[i]*filters[s].first[i];
            add(-size, e, filters[s].second, k);
            add(-size, u, feedback[s], n);
        }
        if (++kept == BLOCK)
            flush();
    }

    // Make the changes that are kept.
    void flush()
    {
        if (kept == 0)
            return;
        fed_back.pack();
        decoded.pack();
        size_t j = 0;
        for (; j + 4 <= n; j += 4)
            write<4>(j);
        for (; j < n; j++)
            write<1>(j);
        kept = 0;
    }

    // What these spikes bring to outputs and feedback.
    template <typename Filters> void spike(const int32_t* neurons, size_t count, const Filters& filters)
    {
        if (count == 0)
            return;
        for (size_t f = 0; f < count; f++) {
            for (size_t i = 0; i < n; i += 8)
                fetch(m.data() + neurons[f]*n + i);
            for (size_t o = 0; o < k; o += 8)
                fetch(phi.data() + neurons[f]*k + o);
        }
        double sums[BLOCK];
        for (int c = 0; c < kept; c++) {
            sums[c] = 0;
            for (size_t f = 0; f < count; f++)
                sums[c] -= gains[c*n + neurons[f]];
        }
        std::fill(fed.begin(), fed.end(), 0.0);
        std::fill(out.begin(), out.end(), 0.0);
        add(sums, kept, fed_back[0], fed.data(), n);
        add(sums, kept, decoded[0], out.data(), k);
        for (size_t f = 0; f < count; f++) {
            add(1, m.data() + neurons[f]*n, fed.data(), n);
            add(1, phi.data() + neurons[f]*k, out.data(), k);
        }
        for (size_t s = 0; s < feedback.size(); s++)
            if (jump[s] != 0) {
                add(jump[s], fed.data(), feedback[s], n);
                add(jump[s], out.data(), filters[s].second, k);
            }
    }

    // The decoder of one neuron now.
    void row(size_t neuron, double* to) const
    {
        std::copy(phi.data() + neuron*k, phi.data() + neuron*k + k, to);
        for (int c = 0; c < kept; c++)
            add(-gains[c*n + neuron], decoded[c], to, k);
    }
};

}  // namespace snnlab
