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
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>
#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace snnlab {

// Exit statuses, read by force_program.py.
const int DISK = 71, FOREIGN = 72, DIVERGED = 74;

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

// P of recursive least squares, exact and blocked as learning/rls.py: column-major, lower triangle only. The products
// read P once at the speed of memory, so that a BLAS gains 5 to 15 % and is not worth a dependency.
template <typename T> class Inverse
{
    static const int BLOCK = 16;
    size_t n;
    std::vector<T> p, columns, x;
    int pending = 0;

    template <int J> void downdate(size_t j)
    {
        T w[J][BLOCK];
        T* a[J];
        for (int b = 0; b < J; b++) {
            a[b] = &p[(j + b)*n];
            for (int c = 0; c < BLOCK; c++)
                w[b][c] = columns[c*n + j + b];
        }
        const T* column = columns.data();
        for (size_t i = j; i < n; i++)
            for (int b = 0; b < J; b++) {
                T value = a[b][i];
                for (int c = 0; c < BLOCK; c++)
                    value -= column[c*n + i]*w[b][c];
                a[b][i] = value;
            }
    }

public:
    std::vector<T> q;

    explicit Inverse(size_t n) : n(n), p(n*n), columns(n*BLOCK), x(n), q(n) {}

    void start(double alpha)
    {
        for (size_t j = 0; j < n; j++)
            p[j*n + j] = alpha;
    }

    // q = P r; returns r' P r.
    double product(const double* r)
    {
        for (size_t i = 0; i < n; i++) {
            x[i] = r[i];
            q[i] = 0;
        }
        size_t j = 0;
        for (; j + 4 <= n; j += 4) {
            const T *a0 = &p[j*n], *a1 = a0 + n, *a2 = a1 + n, *a3 = a2 + n;
            const T x0 = x[j], x1 = x[j + 1], x2 = x[j + 2], x3 = x[j + 3];
            q[j] += a0[j]*x0 + a0[j + 1]*x1 + a0[j + 2]*x2 + a0[j + 3]*x3;
            q[j + 1] += a0[j + 1]*x0 + a1[j + 1]*x1 + a1[j + 2]*x2 + a1[j + 3]*x3;
            q[j + 2] += a0[j + 2]*x0 + a1[j + 2]*x1 + a2[j + 2]*x2 + a2[j + 3]*x3;
            q[j + 3] += a0[j + 3]*x0 + a1[j + 3]*x1 + a2[j + 3]*x2 + a3[j + 3]*x3;
            T s0 = 0, s1 = 0, s2 = 0, s3 = 0;
            T* y = q.data();
            const T* v = x.data();
            for (size_t i = j + 4; i < n; i++) {
                y[i] += a0[i]*x0 + a1[i]*x1 + a2[i]*x2 + a3[i]*x3;
                s0 += a0[i]*v[i];
                s1 += a1[i]*v[i];
                s2 += a2[i]*v[i];
                s3 += a3[i]*v[i];
            }
            q[j] += s0;
            q[j + 1] += s1;
            q[j + 2] += s2;
            q[j + 3] += s3;
        }
        for (; j < n; j++) {
            const T* a = &p[j*n];
            T sum = a[j]*x[j];
            for (size_t i = j + 1; i < n; i++) {
                q[i] += a[i]*x[j];
                sum += a[i]*x[i];
            }
            q[j] += sum;
        }
        for (int c = 0; c < pending; c++) {
            const T* column = &columns[c*n];
            T sum = 0;
            for (size_t i = 0; i < n; i++)
                sum += column[i]*x[i];
            for (size_t i = 0; i < n; i++)
                q[i] -= column[i]*sum;
        }
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += double(x[i])*q[i];
        return sum;
    }

    // P <- P - q q' / divisor, written once in BLOCK calls.
    void add(double divisor)
    {
        T* column = &columns[pending*n];
        const double root = std::sqrt(divisor);
        for (size_t i = 0; i < n; i++)
            column[i] = q[i]/root;
        if (++pending < BLOCK)
            return;
        size_t j = 0;
        for (; j + 2 <= n; j += 2)
            downdate<2>(j);
        for (; j < n; j++)
            downdate<1>(j);
        pending = 0;
    }

    void load(const std::string& folder)
    {
        const std::vector<T> packed = read<T>(folder + "p_lower"), c = read<T>(folder + "p_columns");
        if (packed.size() != n*(n + 1)/2 || c.size() % n || c.size() >= n*BLOCK)
            stop(FOREIGN, folder + "p_lower: of another network or precision");
        const T* from = packed.data();
        for (size_t j = 0; j < n; j++)
            for (size_t i = j; i < n; i++)
                p[j*n + i] = *from++;
        std::copy(c.begin(), c.end(), columns.begin());
        pending = c.size()/n;
    }

    void save(const std::string& folder) const
    {
        std::vector<T> packed;
        packed.reserve(n*(n + 1)/2);
        for (size_t j = 0; j < n; j++)
            packed.insert(packed.end(), &p[j*n + j], &p[j*n] + n);
        write(folder + "p_lower", packed.data(), packed.size());
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
    std::vector<double> targets, errors;
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

    template <typename T> void update(Inverse<T>& inverse, long long step)
    {
        const double* target = &targets[learn.index(step)*k];
        bool finite = true;
        for (size_t m = 0; m < k; m++) {
            errors[m] = filters[0].second[m] - target[m];
            finite = finite && std::isfinite(errors[m]);
        }
        const double divisor = 1 + inverse.product(filters[0].first);
        if (!finite || !std::isfinite(divisor))
            diverged("RLS: r and error must be finite", step);
        if (divisor <= 0)
            diverged("RLS: P is no longer positive definite; use float64 or a smaller alpha", step);
        const double scale = exact ? 1/divisor : 1;
        for (size_t m = 0; m < k; m++)
            errors[m] *= scale;
        if (k == 1)
            for (size_t i = 0; i < n; i++)
                phi[i] -= inverse.q[i]*errors[0];
        else
            for (size_t i = 0; i < n; i++)
                for (size_t m = 0; m < k; m++)
                    phi[i*k + m] -= inverse.q[i]*errors[m];
        inverse.add(divisor);
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
        if (learn.stop > first_step() && learn.first <= last) {
            if (single) {
                p32 = new Inverse<float>(n);
                integer("fresh_p") ? p32->start(number("alpha")) : p32->load(folder);
            } else {
                p64 = new Inverse<double>(n);
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
        for (int32_t s = 0; s < spikespace[n]; s++)
            if (spikespace[s] < spiking) {
                spike_steps.push_back(step);
                spike_neurons.push_back(spikespace[s]);
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
