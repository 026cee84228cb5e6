#include "networks/force/cpp/program.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "engine/cpp/files.h"
#include "learning/rls.h"
#include "networks/force/cpp/drive.h"
#include "networks/force/cpp/folding.h"

namespace snnlab {

void Force::set_outputs()
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
    if (folding)
        folding->set(filters);
}

void Force::set_weight(size_t neuron, size_t m, double weight)
{
    double* row = phi + neuron*k;
    if (signs.empty()) {
        row[m] = weight;
        return;
    }
    const bool first = signs[neuron]*weight > 0;
    row[m] = first ? weight : 0;
    row[parts + m] = first ? 0 : weight;
}

template <typename T>
void Force::correct(const std::vector<T>& gain, double scale, size_t update)
{
    if (folding) {
        folding->learn(gain.data(), scale, targets, update, filters);
        return;
    }
    for (size_t m = 0; m < parts; m++)
        errors[m] *= scale;
    for (size_t i = 0; i < n; i++)
        for (size_t m = 0; m < parts; m++)
            set_weight(i, m, joined(phi + i*k, m) - gain[i]*errors[m]);
    set_outputs();
}

template <typename T>
void Force::take_images(Inverse<T>& inverse)
{
    const size_t n_states = filters.size();
    // Where most neurons fire between two updates, all of P is cheaper: look again after a while.
    if (fired.size() > n/2)
        crowded = 50;
    const bool few = !between.empty() && crowded == 0;
    crowded -= crowded > 0;
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

template <typename T>
void Force::update(Inverse<T>& inverse, long long step)
{
    const size_t now = learn.index(step) - updates_before;
    const double *target = &targets[now*parts], *r = filters[0].first;
    bool finite = true;
    for (size_t m = 0; m < parts; m++) {
        errors[m] = joined(filters[0].second, m) - target[m];
        finite = finite && std::isfinite(errors[m]);
    }
    take_images(inverse);
    const double divisor = 1 + inverse.along(r);
    if (!finite || !std::isfinite(divisor))
        diverged("RLS: r and error must be finite", step);
    if (divisor <= 0)
        diverged("RLS: P is no longer positive definite; use float64 or a smaller alpha", step);
    const std::vector<T>& q = inverse.images[0];
    correct(q, exact ? 1/divisor : 1, now);
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
    if (learn.index(step) % decoder_every == 0) {
        for (long long i = 0; i < decoder_rows; i++) {
            const double* row = folding ? folding->row(i) : phi + i*k;
            for (size_t m = 0; m < parts; m++)
                decoders.push_back(joined(row, m));
        }
    }
}

void Force::diverged(const std::string& what, long long step)
{
    char time[32];
    std::snprintf(time, sizeof time, "%.4g", (step + 1)*number("dt"));
    stop(DIVERGED, what + " at t = " + time + " s");
}

void Force::check(long long step)
{
    for (const auto& watched : {std::make_pair(filters[0].second, k), std::make_pair(filters[0].first, n),
                                std::make_pair(voltage, n)}) {
        bool finite = true, small = true;
        for (size_t i = 0; i < watched.second; i++) {
            finite &= std::isfinite(watched.first[i]);
            small &= std::fabs(watched.first[i]) <= largest;
        }
        if (!finite || !small) {
            char limit[48];
            std::snprintf(limit, sizeof limit, " is above %g", largest);
            const std::string name = watched.first == voltage ? text("voltage")
                                   : watched.first == filters[0].second ? "the output" : "the filtered spikes";
            diverged(name + (finite ? limit : " is not finite"), step);
        }
    }
    const long long passed = step - looked;
    long long fired = 0;
    for (size_t i = 0; i < n; i++) {
        fired += spike_count[i] - count_before[i];
        count_before[i] = spike_count[i];
    }
    if (passed > 1 && 2*fired >= passed*(long long)n)
        diverged("neurons fire at every second step or more", step);
    looked = step;
}

void Force::open(const std::string& results)
{
    Program::open(results);
    learn = steps("learn");
    record = steps("record");
    bin = steps("bin");
    look = steps("look");
    last = integer("stop") - 1;
    if (last < first_step())
        stop(FOREIGN, "job: no step to run");
    looked = first_step() - 1;
    largest = number("largest");
    decoder_every = integer("decoder_every");
    decoder_rows = integer("decoder_rows");
    spiking = integer("spiking");
    traced = integer("traced");
    exact = integer("exact");
    single = integer("single");
    keep_p = integer("keep_p");
}

void Force::drive(double* current, size_t n_neurons)
{
    const long long begin = integer("drive_begin"), start = integer("drive_start");
    const long long ticks = integer("drive_ticks"), per_sample = integer("drive_per_sample");
    external = new Drive(n_neurons, current, folder, begin, start, ticks, per_sample);
    external->set(first_step());
}

void Force::fold(size_t n_neurons, size_t n_outputs, const std::vector<double*>& currents)
{
    folding = new Folding(n_neurons, n_outputs, folder);
    folding->feedback = currents;
    phi = folding->phi.data();
}

void Force::synapses(const std::string& name, std::vector<int32_t>& pre, std::vector<int32_t>& post,
                     std::vector<double>& weight, int32_t* count)
{
    pre = read<int32_t>(path(name + "_pre"));
    post = read<int32_t>(path(name + "_post"));
    weight = read<double>(path(name + "_weight"));
    if (post.size() != pre.size() || weight.size() != pre.size())
        stop(FOREIGN, name + ": arrays differ in length");
    *count = pre.size();
}

void Force::begin(size_t n_neurons, size_t n_outputs)
{
    n = n_neurons;
    k = n_outputs;
    for (const auto& state : states)
        read(path("state_" + state.first), state.second.first, state.second.second);
    read(path("spike_count"), spike_count, n);
    count_before.assign(spike_count, spike_count + n);
    targets = read<double>(path("targets"));
    signs = read<double>(path("signs"));
    parts = signs.empty() ? k : k/2;
    errors.resize(parts);
    between = read<double>(path("filter_between"));
    updates_before = integer("updates_before");
    if (targets.size() != size_t(integer("updates"))*parts
        || (!signs.empty() && (signs.size() != n || k % 2 || folding))
        || (folding && (folding->jump.size() != filters.size() || folding->feedback.size() != filters.size()))
        || (!between.empty() && between.size() != filters.size()*filters.size()))
        stop(FOREIGN, "job: arrays are of another size");
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

void Force::step(long long step)
{
    if (folding)
        folding->spike(spikespace, spikespace[n], filters);
    if (record.due(step)) {
        for (size_t m = 0; m < parts; m++)
            outputs.push_back(joined(filters[0].second, m));
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
    if (external)
        external->set(step + 1);
    if (look.due(step) || step == last) {
        require_parent();
        check(step);
        if (look.index(step) % 10 == 0 || step == last)
            report(step + 1);
    }
    if (step == last) {
        save();
        finish();
    }
}

void Force::save()
{
    if (folding)
        folding->flush();
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
}

}  // namespace snnlab
