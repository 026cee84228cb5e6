"""Training of a dynamic Boltzmann machine as one C++ program in Brian2's standalone mode, with tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import brian2
import numpy as np

from ...engine.programs import LONGEST_RUN, execute, program, run_folder, standalone, write_arrays
from ...errors import UserError
from .machine import Machine
from .network import DT, BoltzmannNetwork
from .schedule import Limits, Progress, Schedule
from .state import BLOCKS, state_names

_HEADER = Path(__file__).with_name("cpp") / "program.h"

# A program can run for at most this number of steps.
MOST_STEPS = round(LONGEST_RUN / DT)


class ProgramTrainer:
    """A machine and its schedule as a C++ program. :meth:`advance` runs it in a separate process."""

    def __init__(self, machine: Machine, schedule: Schedule):
        self._schedule, self._delays = schedule, machine.delays.astype(np.int32)
        # One call takes about 10 s. A program continues to the end of a period, so a call has at most half its steps.
        self.stretch = min(max(10_000, 500_000_000 // machine.n**2), MOST_STEPS // 2)
        if len(schedule.rows) > MOST_STEPS // 8:
            raise UserError(f"sequence: expected at most {MOST_STEPS // 8:,} steps in all, got {len(schedule.rows):,}")
        here = Path(__file__)
        sources = [_HEADER, here, here.with_name("network.py"), here.with_name("rule.py"), here.with_name("state.py")]
        contents = ["boltzmann", machine.n, dataclasses.asdict(machine.rule)]
        self._program = program(contents, sources, lambda folder: _compile(folder, machine))

    def advance(
        self, state: dict[str, np.ndarray], limits: Limits, show: Callable[[int], None] = lambda periods: None
    ) -> tuple[dict[str, np.ndarray], Progress]:
        """Train from a state to the first of the limits. ``show`` gets the number of finished periods.

        Raises
        ------
        MachineError
            If the disk is full or the program fails for another reason.
        """
        with run_folder() as place:
            control = state["control"]
            arrays = {"rows": self._schedule.rows.astype(float), "stages": self._schedule.stages}
            arrays |= {"control": control, "delays": self._delays}
            own = {key: values for key, values in state.items() if key != "control"}
            write_arrays(place, arrays | {f"state_{key}": values for key, values in own.items()})
            job = dataclasses.asdict(limits) | {"testing": int(self._schedule.testing)}
            execute(self._program, place, job, show)
            after: dict[str, np.ndarray] = {}
            after |= {k: np.fromfile(place / f"state_{k}", v.dtype).reshape(v.shape) for k, v in own.items()}
            after["control"] = np.fromfile(place / "control", control.dtype)
            steps, periods = np.fromfile(place / "counts", np.int64).tolist()
            block_periods = np.fromfile(place / "block_periods", np.int64)
            learned = self._schedule.learned(int(after["control"][BLOCKS]), block_periods)
            return after, Progress(periods, steps, block_periods, learned)


def _compile(folder: Path, machine: Machine) -> None:
    with standalone(folder, _HEADER) as compile_network:
        net = BoltzmannNetwork(machine, at_end=_trained())
        brian2.get_device().insert_code("main", _binding(net))
        compile_network(net.network)


def _trained() -> brian2.Function:
    """Return the function that a C++ program calls at the end of each step; see cpp/program.h."""

    @brian2.implementation(
        "cpp", "double trained(int64_t step) { snnlab::trainer().step(); return 0; }", name="trained"
    )
    @brian2.check_units(step=1, result=1)
    def trained(step: int) -> float:
        raise NotImplementedError

    return trained


def _binding(net: BoltzmannNetwork) -> str:
    """Return C++ code that passes the arrays of the network to snnlab::trainer() before the first step."""
    array = brian2.get_device().get_array_name
    neurons, synapses = net.neurons.variables, net.synapses.variables
    names = state_names(net.machine)
    lines = ["snnlab::Trainer& trainer = snnlab::trainer();", "trainer.open(results_dir);"]
    places = {name: (array(neurons[name]), neurons[name].size) for name in names["neurons"]}
    pairs = net.machine.n**2
    places |= {name: (f"{array(synapses[name], access_data=False)}.data()", pairs) for name in names["synapses"]}
    history, _ = places.pop("history")
    for name, (place, size) in places.items():
        lines.append(f'trainer.states.push_back({{"{name}", {{{place}, {size}}}}});')
        if name.startswith(("alpha_", "gamma_")):
            lines.append(f"trainer.traces.push_back({{{place}, {size}}});")
    delays = f"{array(synapses['delay_steps'], access_data=False)}.data()"
    lines += [f"trainer.{name} = {array(neurons[name])};" for name in ("x", "target", "learning", "recalling")]
    lines += [
        f"trainer.history = {history};",
        f'snnlab::read(trainer.path("delays"), {delays}, {pairs});',
        f"trainer.begin({net.machine.n});",
    ]
    return "{\n" + "\n".join(lines) + "\n}"
