#include "networks/liquid/cpp/program.h"

#include "engine/cpp/files.h"

namespace snnlab {

void Pool::open(const std::string& results, size_t n_neurons, size_t n_channels)
{
    Program::open(results);
    n = n_neurons;
    channels = n_channels;
    images = integer("images");
    rows = integer("rows");
    all_rows = integer("all_rows");
    steps = integer("steps");
    row = number("row");
    pixels = read<double>(path("pixels"));
    read_at = read<int64_t>(path("read_at"));
    if (images < 1 || pixels.size() != size_t(images*rows)*channels || read_at.empty() || read_at.back() >= steps)
        stop(FOREIGN, "job: arrays are of another size");
    states.reserve(size_t(images)*read_at.size()*n);
    counts.reserve(size_t(images)*n);
}

void Pool::step()
{
    if (next < read_at.size() && read_at[next] == at) {
        states.insert(states.end(), r, r + n);
        next++;
    }
    if (++at < steps)
        return;
    at = 0;
    next = 0;
    long long fired = 0;
    for (size_t i = 0; i < n; i++)
        fired += count[i];
    counts.insert(counts.end(), count, count + n);
    if (fired >= number("runaway_spikes"))
        stop(DIVERGED, "neurons fire at " + text("runaway") + " Hz or more in image " + std::to_string(image));
    image++;
    if (image % 64 == 0 || image == images) {
        require_parent();
        report(image);
    }
    if (image < images)
        return;
    write(path("states"), states.data(), states.size());
    write(path("counts"), counts.data(), counts.size());
    write(path("learned"), w, synapses);
    finish();
}

void Pool::connect(const std::string& kind, std::vector<int32_t>& pre, std::vector<int32_t>& post,
                   std::vector<double>& weight)
{
    read(path(kind + "_pre"), pre.data(), pre.size());
    read(path(kind + "_post"), post.data(), post.size());
    read(path(kind + "_w"), weight.data(), weight.size());
}

}  // namespace snnlab
