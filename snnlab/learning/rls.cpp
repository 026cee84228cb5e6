#include "learning/rls.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/cpp/files.h"

namespace snnlab {

template <typename T>
template <int J>
void Inverse<T>::downdate(size_t j)
{
    T w[J][BLOCK];
    for (int b = 0; b < J; b++)
        for (int c = 0; c < BLOCK; c++)
            w[b][c] = columns[c][j + b];
    columns.subtract(p.data() + j*n, w, j);
}

template <typename T>
template <int J>
void Inverse<T>::mirror(size_t j)
{
    const T* a = p.data() + j*n;
    for (size_t i = j + 1; i < j + J; i++)
        for (size_t b = 0; b < i - j; b++)
            p.data()[i*n + j + b] = a[b*n + i];
    for (size_t i = j + J; i < n; i++) {
        T row[J];
        for (int b = 0; b < J; b++)
            row[b] = a[b*n + i];
        std::memcpy(p.data() + i*n + j, row, sizeof row);
    }
}

template <typename T>
void Inverse<T>::mirror()
{
    size_t j = 0;
    for (; j + 16 <= n; j += 16)
        mirror<16>(j);
    for (; j < n; j++)
        mirror<1>(j);
}

template <typename T>
void Inverse<T>::subtract_pending(const T* sums, T* q) const
{
    for (int c = 0; c < kept; c++) {
        const T *column = columns[c], sum = sums[c];
        for (size_t i = 0; i < n; i++)
            q[i] -= column[i]*sum;
    }
}

template <typename T>
Inverse<T>::Inverse(size_t n, size_t n_states)
    : n(n), p(n*n + Columns::SLACK), columns(n), x(n), images(n_states, std::vector<T>(n))
{
}

template <typename T>
void Inverse<T>::start(double alpha)
{
    for (size_t j = 0; j < n; j++)
        p.data()[j*n + j] = alpha;
}

template <typename T>
void Inverse<T>::image(const double* state, std::vector<T>& q)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = state[i];
        q[i] = 0;
    }
    T* y = q.data();
    const T* v = x.data();
    size_t j = 0;
    for (; j + 4 <= n; j += 4) {
        const T *a0 = p.data() + j*n, *a1 = a0 + n, *a2 = a1 + n, *a3 = a2 + n;
        const T x0 = v[j], x1 = v[j + 1], x2 = v[j + 2], x3 = v[j + 3];
        y[j] += a0[j]*x0 + a0[j + 1]*x1 + a0[j + 2]*x2 + a0[j + 3]*x3;
        y[j + 1] += a0[j + 1]*x0 + a1[j + 1]*x1 + a1[j + 2]*x2 + a1[j + 3]*x3;
        y[j + 2] += a0[j + 2]*x0 + a1[j + 2]*x1 + a2[j + 2]*x2 + a2[j + 3]*x3;
        y[j + 3] += a0[j + 3]*x0 + a1[j + 3]*x1 + a2[j + 3]*x2 + a3[j + 3]*x3;
        T s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (size_t i = j + 4; i < n; i++) {
            y[i] += a0[i]*x0 + a1[i]*x1 + a2[i]*x2 + a3[i]*x3;
            s0 += a0[i]*v[i];
            s1 += a1[i]*v[i];
            s2 += a2[i]*v[i];
            s3 += a3[i]*v[i];
        }
        y[j] += s0;
        y[j + 1] += s1;
        y[j + 2] += s2;
        y[j + 3] += s3;
    }
    for (; j < n; j++) {
        const T* a = p.data() + j*n;
        T sum = a[j]*v[j];
        for (size_t i = j + 1; i < n; i++) {
            y[i] += a[i]*v[j];
            sum += a[i]*v[i];
        }
        y[j] += sum;
    }
    T sums[BLOCK];
    for (int c = 0; c < kept; c++) {
        const T* column = columns[c];
        sums[c] = 0;
        for (size_t i = 0; i < n; i++)
            sums[c] += column[i]*v[i];
    }
    subtract_pending(sums, y);
}

template <typename T>
void Inverse<T>::change(const std::vector<int32_t>& neurons, const std::vector<T>& amounts, std::vector<T>& q)
{
    T* y = q.data();
    size_t s = 0;
    for (; s + 4 <= neurons.size(); s += 4) {
        const T *a0 = p.data() + neurons[s]*n, *a1 = p.data() + neurons[s + 1]*n, *a2 = p.data() + neurons[s + 2]*n,
                *a3 = p.data() + neurons[s + 3]*n;
        const T d0 = amounts[s], d1 = amounts[s + 1], d2 = amounts[s + 2], d3 = amounts[s + 3];
        for (size_t i = 0; i < n; i++)
            y[i] += a0[i]*d0 + a1[i]*d1 + a2[i]*d2 + a3[i]*d3;
    }
    for (; s < neurons.size(); s++) {
        const T *a = p.data() + neurons[s]*n, d = amounts[s];
        for (size_t i = 0; i < n; i++)
            y[i] += a[i]*d;
    }
    T sums[BLOCK];
    for (int c = 0; c < kept; c++) {
        sums[c] = 0;
        for (s = 0; s < neurons.size(); s++)
            sums[c] += columns[c][neurons[s]]*amounts[s];
    }
    subtract_pending(sums, y);
}

template <typename T>
double Inverse<T>::along(const double* state) const
{
    const T* q = images[0].data();
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += state[i]*q[i];
    return sum;
}

template <typename T>
bool Inverse<T>::add(double divisor)
{
    T* column = columns[kept];
    const double root = std::sqrt(divisor);
    for (size_t i = 0; i < n; i++)
        column[i] = images[0][i]/root;
    if (++kept < BLOCK)
        return false;
    columns.pack();
    size_t j = 0;
    for (; j + 4 <= n; j += 4)
        downdate<4>(j);
    for (; j < n; j++)
        downdate<1>(j);
    mirror();
    kept = 0;
    return true;
}

template <typename T>
void Inverse<T>::load(const std::string& folder)
{
    const std::vector<T> lower = read<T>(folder + "p_lower"), c = read<T>(folder + "p_columns");
    if (lower.size() != n*(n + 1)/2 || c.size() % n || c.size() >= n*BLOCK)
        stop(FOREIGN, folder + "p_lower: of another network or precision");
    const T* from = lower.data();
    for (size_t j = 0; j < n; j++)
        for (size_t i = j; i < n; i++)
            p.data()[j*n + i] = *from++;
    mirror();
    std::copy(c.begin(), c.end(), columns[0]);
    kept = c.size()/n;
}

template <typename T>
void Inverse<T>::save(const std::string& folder) const
{
    std::vector<T> lower;
    lower.reserve(n*(n + 1)/2);
    for (size_t j = 0; j < n; j++)
        lower.insert(lower.end(), p.data() + j*n + j, p.data() + (j + 1)*n);
    write(folder + "p_lower", lower.data(), lower.size());
    write(folder + "p_columns", columns[0], kept*n);
}

template class Inverse<double>;
template class Inverse<float>;

}  // namespace snnlab
