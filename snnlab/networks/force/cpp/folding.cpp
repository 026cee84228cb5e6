#include "networks/force/cpp/folding.h"

#include <algorithm>

#include "engine/cpp/files.h"

namespace snnlab {

namespace {

// This part of a column is changed at once, so that it stays in the first cache.
enum : size_t { STRETCH = 128 };

// to[0 .. size) += the sum of factors[c] * (from + c*stride) for J of them, or for the rest that is less
template <int J>
void add(const double* factors, size_t count, const double* from, size_t stride, double* __restrict to, size_t size)
{
    if (count < J)
        return add<J - 1>(factors, count, from, stride, to, size);
    double f[J];
    std::copy(factors, factors + J, f);
    for (size_t i = 0; i < size; i++)
        for (int c = 0; c < J; c++)
            to[i] += f[c]*from[c*stride + i];
}

template <> void add<0>(const double*, size_t, const double*, size_t, double* __restrict, size_t)
{
}

// The same for any number, in few passes over ``to``.
void add(const double* factors, size_t count, const double* from, size_t stride, double* to, size_t size)
{
    for (size_t c = 0; c < count; c += 8)
        add<8>(factors + c, count - c, from + c*stride, stride, to, size);
}

void add(double factor, const double* from, double* to, size_t size) { add<1>(&factor, 1, from, 0, to, size); }

}  // namespace

void Folding::project(const std::vector<double>& targets, size_t update)
{
    projected_first = update;
    projected_stop = std::min(update + BLOCK, targets.size()/k);
    std::fill(projected.begin(), projected.end(), 0.0);
    const size_t count = projected_stop - projected_first;
    for (size_t first = 0; first < n; first += STRETCH)
        for (size_t o = 0; o < k; o += 8)
            for (size_t c = 0; c < count; c++)
                add(&targets[(update + c)*k + o], std::min<size_t>(8, k - o), encoder.data() + o*n + first, n,
                    &projected[c*n + first], std::min<size_t>(STRETCH, n - first));
}

void Folding::make_fed_back(size_t neuron, size_t first, size_t size)
{
    const int c = made[neuron];
    add(&gains[neuron*BLOCK + c], kept - c, fed_back.data() + c*n + first, n, m.data() + neuron*n + first, size);
}

void Folding::make_decoded(size_t neuron)
{
    const int c = made[neuron];
    add(&gains[neuron*BLOCK + c], kept - c, decoded.data() + c*k, k, phi.data() + neuron*k, k);
}

void Folding::make(size_t neuron)
{
    make_fed_back(neuron, 0, n);
    make_decoded(neuron);
    made[neuron] = kept;
}

Folding::Folding(size_t n, size_t k, const std::string& folder)
    : n(n), k(k), encoder(n*k), m(n*n), fed_back(n*BLOCK), decoded(k*BLOCK), gains(n*BLOCK), projected(n*BLOCK),
      made(n), jump(read<double>(folder + "jump")), phi(n*k)
{
    read(folder + "encoder", encoder.data(), n*k);
}

void Folding::set(const Filters& filters)
{
    kept = 0;
    std::fill(made.begin(), made.end(), 0);
    std::fill(m.data(), m.data() + n*n, 0.0);
    const bool learned = std::any_of(phi.data(), phi.data() + n*k, [](double weight) { return weight != 0; });
    for (size_t o = 0; learned && o < k; o += 4)
        for (size_t j = 0; j < n; j++)
            add(phi.data() + j*k + o, std::min<size_t>(4, k - o), encoder.data() + o*n, n, m.data() + j*n, n);
    for (size_t s = 0; s < feedback.size(); s++) {
        std::fill(feedback[s], feedback[s] + n, 0.0);
        add(filters[s].second, k, encoder.data(), n, feedback[s], n);
    }
}

template <typename T>
void Folding::learn(const T* gain, double scale, const std::vector<double>& targets, size_t update, const Filters& filters)
{
    if (update < projected_first || update >= projected_stop)
        project(targets, update);
    double *u = fed_back.data() + kept*n, *e = decoded.data() + kept*k;
    const double *target = &targets[update*k], *projection = &projected[(update - projected_first)*n];
    for (size_t i = 0; i < n; i++) {
        gains[i*BLOCK + kept] = -scale*gain[i];
        u[i] = feedback[0][i] - projection[i];
    }
    for (size_t o = 0; o < k; o++)
        e[o] = filters[0].second[o] - target[o];
    for (size_t s = 0; s < filters.size(); s++) {
        double size = 0;
        for (size_t i = 0; i < n; i++)
            size -= scale*gain[i]*filters[s].first[i];
        add(size, e, filters[s].second, k);
        add(size, u, feedback[s], n);
    }
    if (++kept == BLOCK)
        flush();
}

void Folding::flush()
{
    for (size_t first = 0; first < n; first += STRETCH)
        for (size_t j = 0; j < n; j++)
            make_fed_back(j, first, std::min<size_t>(STRETCH, n - first));
    for (size_t j = 0; j < n; j++)
        make_decoded(j);
    kept = 0;
    std::fill(made.begin(), made.end(), 0);
}

void Folding::spike(const int32_t* neurons, size_t count, const Filters& filters)
{
    for (size_t f = 0; f < count; f++) {
        make(neurons[f]);
        for (size_t s = 0; s < feedback.size(); s++)
            if (jump[s] != 0) {
                add(jump[s], m.data() + neurons[f]*n, feedback[s], n);
                add(jump[s], phi.data() + neurons[f]*k, filters[s].second, k);
            }
    }
}

const double* Folding::row(size_t neuron)
{
    make(neuron);
    return phi.data() + neuron*k;
}

template void Folding::learn(const double*, double, const std::vector<double>&, size_t, const Filters&);
template void Folding::learn(const float*, double, const std::vector<double>&, size_t, const Filters&);

}  // namespace snnlab
