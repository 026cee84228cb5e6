// What a FORCE run does besides its network, for Brian2's C++ standalone programs: recursive least squares, recording,
// guards, and its state from and to files. The network itself is Brian2's generated code, which calls
// snnlab::force().step() at the end of every step. The same tasks in Python: force_runtime.py.
#pragma once

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>
#ifdef __linux__
#include <sys/mman.h>
#include <sys/prctl.h>
#endif

namespace snnlab {

// Exit statuses, read by force_program.py.
const int DISK = 71, FOREIGN = 72, MEMORY = 73, DIVERGED = 74;

inline void stop(int status, const std::string& message)
{
    std::fprintf(stderr, "%s\n", message.c_str());
    std::_Exit(status);
}

template <typename T> void read(const std::string& path, T* values, size_t n)
{
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    const long long expected = n*sizeof(T);
    if (!file || file.tellg() != expected)
        stop(FOREIGN, path + ": expected " + std::to_string(expected) + " bytes");
    file.seekg(0);
    file.read(reinterpret_cast<char*>(values), expected);
}

template <typename T> std::vector<T> read(const std::string& path)
{
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file)
        stop(FOREIGN, path + ": missing");
    std::vector<T> values(size_t(file.tellg())/sizeof(T));
    read(path, values.data(), values.size());
    return values;
}

template <typename T> void write(const std::string& path, const T* values, size_t n)
{
    std::FILE* file = std::fopen(path.c_str(), "wb");
    bool good = file && std::fwrite(values, sizeof(T), n, file) == n;
    if (file)
        good = std::fclose(file) == 0 && good;
    if (!good)
        stop(DISK, path + ": cannot be written, is the disk full?");
}

// Memory on large pages, where the system has them: P is read from end to end at every update.
template <typename T> class Pages
{
    T* values;

public:
    explicit Pages(size_t n)
    {
        const size_t page = size_t(1) << 21, bytes = (n*sizeof(T) + page - 1)/page*page;
        void* memory = nullptr;
        if (posix_memalign(&memory, page, bytes))
            stop(MEMORY, "P: not enough memory");
#ifdef __linux__
        madvise(memory, bytes, MADV_HUGEPAGE);
#endif
        std::memset(memory, 0, bytes);
        values = static_cast<T*>(memory);
    }
    ~Pages() { std::free(values); }
    Pages(const Pages&) = delete;
    T* data() const { return values; }
};

// P of recursive least squares, exact: column-major, symmetric, written once in BLOCK updates as learning/rls.py does.
//
// The images q = P s of the filtered spikes r and of the other states of their filter are kept from update to update.
// Between two updates every state changes by the same linear map but in the neurons that fired, so that
// P s(t) = (map of the images) + (columns of P of those neurons): a hundred columns instead of all of P.
template <typename T> class Inverse
{
    static const int BLOCK = 32, LANES = 8;
    const size_t n;
    Pages<T> p;
    std::vector<T> columns, packed, x;
    int pending = 0;

    // C in packs of LANES rows, so that a pack stays in the first cache while it is used for J columns of P.
    void pack()
    {
        for (size_t i = 0; i < n; i++)
            for (int c = 0; c < BLOCK; c++)
                packed[i/LANES*LANES*BLOCK + c*LANES + i % LANES] = columns[c*n + i];
    }

    // Columns j to j + J - 1 of P <- P - C C', from the pack of the diagonal down. Rows beyond the last are packed as 0.
    template <int J> void downdate(size_t j)
    {
        T w[J][BLOCK];
        for (int b = 0; b < J; b++)
            for (int c = 0; c < BLOCK; c++)
                w[b][c] = columns[c*n + j + b];
        for (size_t i = j/LANES*LANES; i < n; i += LANES) {
            const T* rows = &packed[i*BLOCK];
            T value[J][LANES];
            for (int b = 0; b < J; b++)
                std::memcpy(value[b], p.data() + (j + b)*n + i, sizeof value[b]);
            for (int c = 0; c < BLOCK; c++)
                for (int b = 0; b < J; b++)
                    for (int l = 0; l < LANES; l++)
                        value[b][l] -= rows[c*LANES + l]*w[b][c];
            for (int b = 0; b < J; b++)
                std::memcpy(p.data() + (j + b)*n + i, value[b], sizeof value[b]);
        }
    }

    // The rows of P above its diagonal from the columns j to j + J - 1 below it.
    template <int J> void mirror(size_t j)
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

    void mirror()
    {
        size_t j = 0;
        for (; j + 16 <= n; j += 16)
            mirror<16>(j);
        for (; j < n; j++)
            mirror<1>(j);
    }

    // q -= C (C' x), given C' x.
    void subtract_pending(const T* sums, T* q) const
    {
        for (int c = 0; c < pending; c++) {
            const T* column = &columns[c*n];
            const T sum = sums[c];
            for (size_t i = 0; i < n; i++)
                q[i] -= column[i]*sum;
        }
    }

public:
    std::vector<std::vector<T>> images;

    Inverse(size_t n, size_t n_states)
        : n(n), p(n*n + LANES), columns(n*BLOCK), packed((n + LANES)*BLOCK), x(n), images(n_states, std::vector<T>(n))
    {
    }

    void start(double alpha)
    {
        for (size_t j = 0; j < n; j++)
            p.data()[j*n + j] = alpha;
    }

    // The image of a state from all of P.
    void image(const double* state, std::vector<T>& q)
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
        for (int c = 0; c < pending; c++) {
            const T* column = &columns[c*n];
            sums[c] = 0;
            for (size_t i = 0; i < n; i++)
                sums[c] += column[i]*v[i];
        }
        subtract_pending(sums, y);
    }

    // An image where its state changed by these amounts in these neurons.
    void change(const std::vector<int32_t>& neurons, const std::vector<T>& amounts, std::vector<T>& q)
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
        for (int c = 0; c < pending; c++) {
            sums[c] = 0;
            for (s = 0; s < neurons.size(); s++)
                sums[c] += columns[c*n + neurons[s]]*amounts[s];
        }
        subtract_pending(sums, y);
    }

    double along(const double* state) const
    {
        const T* q = images[0].data();
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += state[i]*q[i];
        return sum;
    }

    // P <- P - q q' / divisor with q = P r; tells whether P was written, so that images should be taken anew.
    bool add(double divisor)
    {
        T* column = &columns[pending*n];
        const double root = std::sqrt(divisor);
        for (size_t i = 0; i < n; i++)
            column[i] = images[0][i]/root;
        if (++pending < BLOCK)
            return false;
        pack();
        size_t j = 0;
        for (; j + 4 <= n; j += 4)
            downdate<4>(j);
        for (; j < n; j++)
            downdate<1>(j);
        mirror();
        pending = 0;
        return true;
    }

    void load(const std::string& folder)
    {
        const std::vector<T> lower = read<T>(folder + "p_lower"), c = read<T>(folder + "p_columns");
        if (lower.size() != n*(n + 1)/2 || c.size() % n || c.size() >= n*BLOCK)
            stop(FOREIGN, folder + "p_lower: of another network or precision");
        const T* from = lower.data();
        for (size_t j = 0; j < n; j++)
            for (size_t i = j; i < n; i++)
                p.data()[j*n + i] = *from++;
        mirror();
        std::copy(c.begin(), c.end(), columns.begin());
        pending = c.size()/n;
    }

    void save(const std::string& folder) const
    {
        std::vector<T> lower;
        lower.reserve(n*(n + 1)/2);
        for (size_t j = 0; j < n; j++)
            lower.insert(lower.end(), p.data() + j*n + j, p.data() + (j + 1)*n);
        write(folder + "p_lower", lower.data(), lower.size());
        write(folder + "p_columns", columns.data(), pending*n);
    }
};

// Every n-th of the steps first, first + every, ... below stop.
struct Steps
{
    long long first, stop, every;
    bool due(long long step) const { return step >= first && step < stop && (step - first) % every == 0; }
    long long index(long long step) const { return (step - first)/every; }
};

class Force
{
    std::map<std::string, std::string> job;
    std::string folder;
    size_t n = 0, k = 0;
    long long last = 0, looked = -1;
    Steps learn, record, bin, look;
    long long decoder_every = 1, decoder_rows = 0, spiking = 0, traced = 0, break_step = -1;
    bool single = false, exact = false, keep_p = false;
    std::vector<double> targets, errors, between, last_states;
    std::vector<int32_t> fired;  // since the last update
    std::vector<char> has_fired;
    bool images_kept = false;
    std::vector<long long> permutation;
    Inverse<double>* p64 = nullptr;
    Inverse<float>* p32 = nullptr;
    std::vector<double> outputs, decoders;
    std::vector<float> voltages;
    std::vector<long long> counts, spike_steps;
    std::vector<int32_t> spike_neurons, count_before;

    std::string text(const std::string& key) const
    {
        const auto found = job.find(key);
        if (found == job.end())
            stop(FOREIGN, "job: " + key + " is missing");
        return found->second;
    }
    long long integer(const std::string& key) const { return std::atoll(text(key).c_str()); }
    double number(const std::string& key) const { return std::atof(text(key).c_str()); }
    Steps steps(const std::string& key) const
    {
        return {integer(key + "_first"), integer(key + "_stop"), integer(key + "_every")};
    }

    // z = phi' r for the output and every other state of its filter.
    void set_outputs()
    {
        for (const auto& pair : filters) {
            const double* rate = pair.first;
            if (k == 1) {
                double sum = 0;
                for (size_t i = 0; i < n; i++)
                    sum += phi[i]*rate[i];
                pair.second[0] = sum;
                continue;
            }
            std::fill(pair.second, pair.second + k, 0.0);
            for (size_t i = 0; i < n; i++)
                for (size_t m = 0; m < k; m++)
                    pair.second[m] += phi[i*k + m]*rate[i];
        }
    }

    // The images of all states, from what changed since the last update if that is less than P.
    template <typename T> void take_images(Inverse<T>& inverse)
    {
        const size_t n_states = filters.size();
        const bool few = !between.empty() && fired.size() <= n/2;
        if (!few || !images_kept) {
            for (size_t s = 0; s < (few ? n_states : 1); s++)
                inverse.image(filters[s].first, inverse.images[s]);
            images_kept = few;
            return;
        }
        const std::vector<std::vector<T>> old = inverse.images;
        std::vector<T> amounts(fired.size());
        for (size_t s = 0; s < n_states; s++) {
            const double* map = &between[s*n_states];
            std::vector<T>& image = inverse.images[s];
            std::fill(image.begin(), image.end(), T(0));
            for (size_t u = 0; u < n_states; u++)
                for (size_t i = 0; i < n; i++)
                    image[i] += map[u]*old[u][i];
            for (size_t f = 0; f < fired.size(); f++) {
                double expected = 0;
                for (size_t u = 0; u < n_states; u++)
                    expected += map[u]*last_states[u*n + fired[f]];
                amounts[f] = filters[s].first[fired[f]] - expected;
            }
            inverse.change(fired, amounts, image);
        }
    }

    template <typename T> void update(Inverse<T>& inverse, long long step)
    {
        const double *target = &targets[learn.index(step)*k], *r = filters[0].first;
        bool finite = true;
        for (size_t m = 0; m < k; m++) {
            errors[m] = filters[0].second[m] - target[m];
            finite = finite && std::isfinite(errors[m]);
        }
        take_images(inverse);
        const double divisor = 1 + inverse.along(r);
        if (!finite || !std::isfinite(divisor))
            diverged("RLS: r and error must be finite", step);
        if (divisor <= 0)
            diverged("RLS: P is no longer positive definite; use float64 or a smaller alpha", step);
        for (size_t m = 0; m < k; m++)
            errors[m] *= exact ? 1/divisor : 1;
        const std::vector<T>& q = inverse.images[0];
        if (k == 1)
            for (size_t i = 0; i < n; i++)
                phi[i] -= q[i]*errors[0];
        else
            for (size_t i = 0; i < n; i++)
                for (size_t m = 0; m < k; m++)
                    phi[i*k + m] -= q[i]*errors[m];
        if (inverse.add(divisor))
            images_kept = false;
        else if (images_kept)
            for (size_t s = filters.size(); s-- > 0;) {
                const T part = inverse.along(filters[s].first)/divisor;
                for (size_t i = 0; i < n; i++)
                    inverse.images[s][i] -= part*q[i];
            }
        for (size_t s = 0; s < filters.size(); s++)
            std::copy(filters[s].first, filters[s].first + n, &last_states[s*n]);
        for (const int32_t neuron : fired)
            has_fired[neuron] = false;
        fired.clear();
        set_outputs();
        if (learn.index(step) % decoder_every == 0)
            decoders.insert(decoders.end(), phi, phi + decoder_rows*k);
    }

    void diverged(const std::string& what, long long step)
    {
        char time[32];
        std::snprintf(time, sizeof time, "%.4g", (step + 1)*number("dt"));
        stop(DIVERGED, what + " at t = " + time + " s");
    }

    void check(long long step)
    {
        for (const auto& watched : {std::make_pair(filters[0].second, k), std::make_pair(filters[0].first, n),
                                    std::make_pair(voltage, n)}) {
            bool finite = true;
            for (size_t i = 0; i < watched.second; i++)
                finite &= std::isfinite(watched.first[i]);
            if (!finite)
                diverged(watched.first == voltage ? text("voltage") + " is not finite"
                         : watched.second == k && watched.first == filters[0].second ? "the output is not finite"
                         : "the filtered spikes is not finite", step);
        }
        const long long passed = step - looked;
        bool every = passed > 1;
        for (size_t i = 0; i < n; i++) {
            every = every && spike_count[i] - count_before[i] >= passed;
            count_before[i] = spike_count[i];
        }
        if (every)
            diverged("every neuron fires at every step", step);
        looked = step;
    }

public:
    // Bound by the code that force_program.py puts into main.cpp.
    std::vector<std::pair<std::string, std::pair<double*, size_t>>> states;
    std::vector<std::pair<double*, double*>> filters;  // (of a neuron, of the output), r and z first
    double *feedback = nullptr, *voltage = nullptr, *phi = nullptr;
    int32_t *spike_count = nullptr, *spikespace = nullptr;

    long long first_step() const { return integer("start"); }
    double dt() const { return number("dt"); }
    unsigned long seed() const { return std::strtoul(text("seed").c_str(), nullptr, 10); }
    std::string path(const std::string& name) const { return folder + name; }

    void open(const std::string& results)
    {
#ifdef __linux__
        prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
#ifdef SIGXFSZ
        // So that a file that may not grow is an error of write().
        std::signal(SIGXFSZ, SIG_IGN);
#endif
        folder = results;
        std::ifstream file(folder + "job");
        std::string key, value;
        while (file >> key >> value)
            job[key] = value;
        learn = steps("learn");
        record = steps("record");
        bin = steps("bin");
        look = steps("look");
        last = integer("stop") - 1;
        looked = first_step() - 1;
        decoder_every = integer("decoder_every");
        decoder_rows = integer("decoder_rows");
        spiking = integer("spiking");
        traced = integer("traced");
        break_step = integer("break_step");
        exact = integer("exact");
        single = integer("single");
        keep_p = integer("keep_p");
    }

    // The synapses of the run in place of those that the program was built with.
    template <typename I>
    void synapses(const std::string& name, std::vector<I>& pre, std::vector<I>& post, std::vector<double>& weight, I* count)
    {
        pre = read<I>(path(name + "_pre"));
        post = read<I>(path(name + "_post"));
        weight = read<double>(path(name + "_weight"));
        if (post.size() != pre.size() || weight.size() != pre.size())
            stop(FOREIGN, name + ": arrays differ in length");
        *count = pre.size();
    }

    void begin(size_t n_neurons, size_t n_outputs)
    {
        n = n_neurons;
        k = n_outputs;
        for (const auto& state : states)
            read(path("state_" + state.first), state.second.first, state.second.second);
        read(path("spike_count"), spike_count, n);
        count_before.assign(spike_count, spike_count + n);
        targets = read<double>(path("targets"));
        permutation = read<long long>(path("permutation"));
        errors.resize(k);
        between = read<double>(path("filter_between"));
        last_states.resize(filters.size()*n);
        has_fired.resize(n);
        if (learn.stop > first_step() && learn.first <= last) {
            if (single) {
                p32 = new Inverse<float>(n, filters.size());
                integer("fresh_p") ? p32->start(number("alpha")) : p32->load(folder);
            } else {
                p64 = new Inverse<double>(n, filters.size());
                integer("fresh_p") ? p64->start(number("alpha")) : p64->load(folder);
            }
        }
        set_outputs();
    }

    void step(long long step)
    {
        if (record.due(step)) {
            outputs.insert(outputs.end(), filters[0].second, filters[0].second + k);
            voltages.insert(voltages.end(), voltage, voltage + traced);
        }
        if (bin.due(step)) {
            long long sum = 0;
            for (size_t i = 0; i < n; i++)
                sum += spike_count[i];
            counts.push_back(sum);
        }
        for (int32_t s = 0; s < spikespace[n]; s++) {
            const int32_t neuron = spikespace[s];
            if (neuron < spiking) {
                spike_steps.push_back(step);
                spike_neurons.push_back(neuron);
            }
            if (images_kept && !has_fired[neuron]) {
                has_fired[neuron] = true;
                fired.push_back(neuron);
            }
        }
        if (learn.due(step))
            single ? update(*p32, step) : update(*p64, step);
        if (step == break_step) {
            feedback[0] = number("feedback_after");
            if (!permutation.empty()) {
                const std::vector<double> before(phi, phi + n*k);
                for (size_t i = 0; i < n; i++)
                    std::copy(&before[permutation[i]*k], &before[permutation[i]*k] + k, phi + i*k);
                set_outputs();
            }
        }
        if (look.due(step) || step == last) {
            check(step);
            if (look.index(step) % 10 == 0 || step == last) {
                std::printf("%lld\n", step + 1);
                std::fflush(stdout);
            }
        }
        if (step == last) {
            save();
            // Brian2 would go on, and write files of all its arrays.
            std::_Exit(0);
        }
    }

    void save()
    {
        for (const auto& state : states)
            write(path("state_" + state.first), state.second.first, state.second.second);
        write(path("spike_count"), spike_count, n);
        write(path("feedback_gain"), feedback, 1);
        write(path("decoder_weight"), phi, n*k);
        write(path("outputs"), outputs.data(), outputs.size());
        write(path("voltages"), voltages.data(), voltages.size());
        write(path("counts"), counts.data(), counts.size());
        write(path("spike_steps"), spike_steps.data(), spike_steps.size());
        write(path("spike_neurons"), spike_neurons.data(), spike_neurons.size());
        write(path("decoders"), decoders.data(), decoders.size());
        if (keep_p && (p32 || p64))
            p32 ? p32->save(folder) : p64->save(folder);
        write(path("done"), "1", 1);
    }
};

inline Force& force()
{
    static Force one;
    return one;
}

}  // namespace snnlab
