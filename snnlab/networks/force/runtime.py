"""A FORCE network on Brian2's runtime targets, with RLS, recording and guards in Python at chosen steps."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from ...connectivity.dale import joined, split_decoder, split_encoder
from ...engine.brian import Engine
from ...engine.tasks import Task, Watch
from ...errors import Diverged
from ...learning.rls import RLS
from ...models.neuron import NeuronModel
from ...models.synapse import SynapseModel
from .network import ForceNetwork, Form
from .phases import Phase
from .plan import Plan, Recording, within


class RuntimeLoop:
    """A network and its plan. :meth:`advance` runs a part of the plan."""

    def __init__(
        self,
        neuron: NeuronModel,
        synapse: SynapseModel,
        recurrent,
        encoder: np.ndarray,
        plan: Plan,
        engine: Engine,
        *,
        bias: float,
        form: Form,
        drive: str = "",
        constants: dict | None = None,
    ):
        """Make a loop from the arguments of :class:`ForceNetwork`, with the encoder before Dale's law."""
        settings = asdict(form) | {"bias": bias, "drive": drive, "constants": constants}
        net = ForceNetwork(neuron, synapse, recurrent, split_encoder(encoder, plan.signs), dt=plan.dt, **settings)
        self.net, self._plan, self._engine = net, plan, engine
        self._encoder, self._phase = encoder, plan.phase(plan.start)
        self._learned: np.ndarray | None = None
        self.voltage, self.equations, self.dims = net.voltage, net.equations, net.dims()
        self._rls = self._fresh_rls() if plan.learn else None
        self._voltage = net.neurons.variables[net.voltage].get_value()

    def _fresh_rls(self) -> RLS:
        plan = self._plan
        return RLS(len(self.net.neurons), len(self._output), plan.alpha, plan.gain, plan.precision)

    @property
    def decoder(self) -> np.ndarray:
        """The current decoder, shape (n, k), in s."""
        return joined(self.parts, self._plan.signs)

    @property
    def parts(self) -> np.ndarray:
        """The decoder in the form of the network: split into two parts with Dale's law, else the decoder itself."""
        return self.net.decoder_weights()

    @property
    def _output(self) -> np.ndarray:
        return joined(self.net.z, self._plan.signs)

    def _set_decoder(self, phi: np.ndarray) -> None:
        self.net.set_decoder(split_decoder(phi, self._plan.signs))

    @property
    def feedback(self) -> float:
        """The current gain of the feedback."""
        return float(self.net.neurons.variables["feedback"].get_value()[0])

    def memory(self) -> dict[str, np.ndarray]:
        """Return everything that :meth:`restore` needs to continue from here."""
        memory = {f"state_{k}": v for k, v in self.state().items()}
        memory |= {"spike_count": self.net.spike_count.copy(), "feedback_gain": np.array([self.feedback])}
        memory |= {} if self._learned is None else {"decoder_learned": self._learned}
        return memory | {"decoder_weight": self.decoder} | (self._rls.state() if self._rls else {})

    def restore(self, memory: dict[str, np.ndarray], step: int) -> None:
        """Continue at ``step`` from a memory that was taken before this step."""
        self.net.set_state({k.removeprefix("state_"): v for k, v in memory.items() if k.startswith("state_")})
        self.net.spike_count[:] = memory["spike_count"]
        self.net.set_feedback(memory["feedback_gain"][0])
        self._set_decoder(memory["decoder_weight"])
        self._learned = memory.get("decoder_learned")
        self.net.network.t_ = step * self._plan.dt
        if self._rls and "p_lower" in memory:
            self._rls.restore({"weights": self.decoder} | memory)
        elif self._rls:
            self._rls.weights[:] = self.decoder

    def enter(self, phase: Phase, begin: int, step: int) -> None:
        """Apply the phase that began at step ``begin`` from the current step ``step`` on."""
        learned = self.decoder if self._learned is None else self._learned
        self._learned = None if phase.intact else learned
        self._phase = begin, phase
        self.net.set_alive(phase.alive(len(learned)))
        self.net.set_encoder(split_encoder(phase.encoder(self._encoder), self._plan.signs))
        self.net.set_feedback(phase.feedback)
        self._set_decoder(phase.decoder(learned))
        if self._rls and phase.fresh_rls and begin == step:
            self._rls = self._fresh_rls()
            self._rls.weights[:] = learned

    def state(self) -> dict[str, np.ndarray]:
        """Return the neurons' variables (SI) by name."""
        return self.net.state()

    def advance(self, start: int, stop: int, folder: Path | None = None) -> Recording:
        """Run steps start to stop - 1 and return their recording; raises the errors of :meth:`Engine.run`.

        ``folder`` is only used by the other loop, which writes files.
        """
        net, plan = self.net, self._plan
        if start:
            # A run that is resumed here starts from this random state.
            self._set_decoder(self.decoder)
            self._engine.seed_brian2(start)
        stretch = _Stretch(self, start, stop)
        finite = {"the output": net.z, "the filtered spikes": net.r, net.voltage: self._voltage}
        watch, seconds, total = Watch(finite, net.spike_count), (stop - start) * plan.dt, plan.n_steps * plan.dt
        self._engine.run(
            net.network, seconds, net.clock, stretch.tasks(), watch, first_step=start, total=total, namespace={}
        )
        return stretch.recording()


class _Stretch:
    """The tasks of a loop at the end of steps start to stop - 1, and their recording."""

    def __init__(self, loop: RuntimeLoop, start: int, stop: int):
        self._loop, self._start, self._stop = loop, start, stop
        plan = loop._plan
        self._record, self._bins, self._updates = (
            within(steps, start, stop) for steps in (plan.record, plan.bins, plan.decoder_updates)
        )
        k = len(loop._output)
        self._outputs = np.empty((len(self._record), k))
        self._voltages = np.empty((len(self._record), plan.n_voltages), np.float32)
        self._counts = np.zeros(len(self._bins), np.int64)
        self._decoders = np.zeros((len(self._updates), plan.decoder_rows, k))
        self._spikes: list[tuple[int, np.ndarray]] = []
        self._updates_before, self._targets = plan.targets(start, stop)
        (self._begin, self._phase), self._shown = loop._phase, -1
        if plan.drive:
            self._drive, self._stood = self._phase.driven(plan.drive), plan.drive_start(self._begin)
            self._show(start - 1)

    def tasks(self) -> list[Task]:
        """Return the tasks with their steps. The output is recorded before RLS corrects it."""
        net, plan, every = self._loop.net, self._loop._plan, range(self._start, self._stop)
        return [
            Task(every if net.folding else range(0), self._fold),
            Task(self._record, self._sample),
            Task(self._bins, self._count),
            Task(every if plan.n_spikes else range(0), self._spike),
            Task(within(plan.learn, self._start, self._stop), self._learn),
            Task(every if plan.drive else range(0), self._show),
        ]

    def _fold(self, step: int) -> None:
        net = self._loop.net
        if net.folding:
            net.folding.spike(net.spikes())

    def _sample(self, step: int) -> None:
        index = (step - self._record.start) // self._record.step
        self._outputs[index] = self._loop._output
        self._voltages[index] = self._loop._voltage[: self._voltages.shape[1]]

    def _count(self, step: int) -> None:
        self._counts[(step - self._bins.start) // self._bins.step] = self._loop.net.spike_count.sum()

    def _spike(self, step: int) -> None:
        fired = self._loop.net.spikes()
        if len(fired):
            chosen = fired[fired < self._loop._plan.n_spikes]
            if len(chosen):
                self._spikes.append((step, chosen))

    def _learn(self, step: int) -> None:
        loop, plan, rls = self._loop, self._loop._plan, self._loop._rls
        if rls is None:
            return
        index = (step - plan.learn.start) // plan.learn.step
        off = loop._output - self._targets[index - self._updates_before]
        try:
            gain = rls.update(loop.net.r, off)
        except ValueError as error:
            raise Diverged(f"diverged: RLS at t = {(step + 1) * plan.dt:.4g} s: {error}") from None
        if loop.net.folding:
            loop.net.folding.learn(gain, off)
        else:
            loop._set_decoder(rls.weights)
        if index % plan.decoder_every == 0:
            self._decoders[(step - self._updates.start) // self._updates.step] = rls.weights[: plan.decoder_rows]

    def _show(self, step: int) -> None:
        """Give every neuron the drive of the next step."""
        index = self._drive.sample(step + 1 - self._begin, self._phase.speed, self._stood)
        if index != self._shown:
            self._loop.net.input[:], self._shown = self._drive.current(index), index

    def recording(self) -> Recording:
        """Return the recording."""
        lengths = [len(ids) for _, ids in self._spikes]
        return Recording(
            self._outputs,
            self._voltages,
            self._counts,
            np.repeat([step for step, _ in self._spikes], lengths).astype(np.int64),
            np.concatenate([ids for _, ids in self._spikes] or [np.empty(0)]).astype(np.int32),
            self._decoders,
        )
