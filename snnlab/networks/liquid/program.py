"""Presentation of images to a liquid as one C++ program, which is built once for each size, rule and code."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import brian2
import numpy as np

from ...engine import population, synapses
from ...engine.programs import execute, program, run_folder, standalone, write_arrays
from ...models.quantities import dump
from ...models.spike_rule import SpikeRule
from .network import KINDS, RUNAWAY, Liquid, LiquidNetwork, Show, liquid_neuron

_HEADER = Path(__file__).with_name("cpp") / "program.h"


def run_program(
    liquid: Liquid, show: Show, sequences: np.ndarray, rule: SpikeRule | None, report: Callable[[int], None]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Do the same as :func:`liquid.show_images`; ``report`` gets the number of finished images.

    Raises
    ------
    Diverged
        If neurons fired at 200 Hz or more in an image.
    MachineError
        If the program cannot be built or fails for another reason.
    """
    folder = _build(liquid, show, rule)
    images = len(sequences)
    files = {"pixels": np.ascontiguousarray(sequences, float), "read_at": show.read_at.astype(np.int64)}
    for kind, (pre, post, w) in liquid.synapses.items():
        files |= {f"{kind}_pre": pre.astype(np.int32), f"{kind}_post": post.astype(np.int32)}
        files[f"{kind}_w"] = np.asarray(w, float)
    gains = {"gain": liquid.gain, "gain_input": liquid.input_gain}
    files |= {name: np.array([value * 1e-3]) for name, value in gains.items()} | {"bias": liquid.bias * 1e-3}
    files |= {f"number_{name}": np.array([value]) for name, value in (rule.numbers if rule else {}).items()}
    job = {"images": images, "rows": show.rows, "all_rows": show.all_rows, "steps": show.steps, "row": repr(show.row)}
    job |= {"runaway": repr(RUNAWAY), "runaway_spikes": RUNAWAY * show.seconds * liquid.n}
    with run_folder() as place:
        write_arrays(place, files)
        execute(folder, place, job, report)
        states = np.fromfile(place / "states").reshape(images, show.samples, liquid.n)
        counts = np.fromfile(place / "counts", np.int32).reshape(images, liquid.n)
        return states, counts, np.fromfile(place / "learned")


def _build(liquid: Liquid, show: Show, rule: SpikeRule | None) -> Path:
    """Return the folder of the program. It reads the parameters of a rule, weights and gains when it runs."""
    here = Path(__file__)
    sources = [_HEADER, here, here.with_name("network.py"), Path(population.__file__), Path(synapses.__file__)]
    kept = None
    if rule:
        text = {
            key: value for key, value in rule.to_dict().items() if key not in ("parameters", "percentiles", "source")
        }
        kept = text | {"numbers": sorted(rule.numbers), "constants": dump(rule.constants)}
    sizes = {kind: len(pre) for kind, (pre, _, _) in liquid.synapses.items()}
    timing = {key: value for key, value in dataclasses.asdict(show).items() if key not in ("read", "samples")}
    contents = ["liquid", liquid.n, sizes, timing, liquid_neuron().to_dict(), kept]
    return program(contents, sources, lambda folder: _compile(folder, liquid, show, rule))


def _compile(folder: Path, liquid: Liquid, show: Show, rule: SpikeRule | None) -> None:
    with standalone(folder, _HEADER) as compile_network:
        net = LiquidNetwork(liquid, show, _shown(), rule, _at_end())
        brian2.get_device().insert_code("main", _binding(net))
        compile_network(net.network)


def _shown() -> brian2.Function:
    """Return the function that returns the pixel of a channel; see liquid/cpp/program.h."""

    @brian2.implementation(
        "cpp", "double shown(double t, int channel) { return snnlab::pool().shown(t, channel); }", name="shown"
    )
    @brian2.check_units(t=brian2.second, channel=1, result=1)
    def shown(t: float, channel: int) -> float:
        raise NotImplementedError

    return shown


def _at_end() -> brian2.Function:
    """Return the function that a C++ program calls at the end of each step; see liquid/cpp/program.h."""

    @brian2.implementation("cpp", "double at_end(int64_t step) { snnlab::pool().step(); return 0; }", name="at_end")
    @brian2.check_units(step=1, result=1)
    def at_end(step: int) -> float:
        raise NotImplementedError

    return at_end


def _binding(net: LiquidNetwork) -> str:
    """Return C++ code that passes the arrays of the network to snnlab::pool() before the first step."""
    array = brian2.get_device().get_array_name
    neurons = net.neurons.variables
    lines = [
        "snnlab::Pool& pool = snnlab::pool();",
        f"pool.open(results_dir, {net.liquid.n}, {net.show.channels});",
        f"pool.r = {array(neurons['r'])};",
        f"pool.count = {array(neurons['count'])};",
        f'snnlab::read(pool.path("bias"), {array(neurons["bias"])}, {net.liquid.n});',
    ]
    for kind, group in net.synapses.items():
        own = group.variables
        whole = [array(own[name], access_data=False) for name in ("_synaptic_pre", "_synaptic_post", "w")]
        lines.append(f'pool.connect("{kind}", {", ".join(whole)});')
        file = "gain" if kind in KINDS else "gain_input"
        lines.append(f'snnlab::read(pool.path("{file}"), {array(own["gain"])}, 1);')
    own = net.synapses["ee"].variables
    lines += [
        f"pool.w = {array(own['w'], access_data=False)}.data();",
        f"pool.synapses = {array(own['w'], access_data=False)}.size();",
    ]
    for name in net.rule.numbers if net.rule else ():
        lines.append(f'snnlab::read(pool.path("number_{name}"), {array(own[name])}, 1);')
    return "{\n" + "\n".join(lines) + "\n}"
