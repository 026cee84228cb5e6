"""Run a FORCE network on Brian2's runtime targets: RLS, recording and guards in Python, at chosen steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...engine.brian import Engine
from ...engine.tasks import Task, Watch
from ...errors import Diverged
from ...learning.rls import RLS
from ...models.neuron import NeuronModel
from ...models.synapse import SynapseModel
from .dale import joined, split_decoder, split_encoder
from .network import ForceNetwork
from .phases import Phase
from .plan import Plan, Recording, within


class RuntimeLoop:
    """A network and its plan; :meth:`advance` runs a stretch of it."""

    def __init__(
        self,
        neuron: NeuronModel,
        synapse: SynapseModel,
        recurrent,
        encoder: np.ndarray,
        plan: Plan,
        engine: Engine,
        **settings,
    ):
        """Take what :class:`ForceNetwork` takes, with the encoder as it is without Dale's law."""
        encoder_now, driven = split_encoder(encoder, plan.signs), plan.drive is not None
        net = ForceNetwork(neuron, synapse, recurrent, encoder_now, dt=plan.dt, driven=driven, **settings)
        self.net, self._plan, self._engine = net, plan, engine
        self._encoder, self._learned, self._phase = encoder, None, plan.phase(0)
        self.voltage, self.equations, self.dims = net.voltage, net.equations, net.dims()
        self._rls = self._fresh_rls() if plan.learn else None
        self._voltage = net.neurons.variables[net.voltage].get_value()

    def _fresh_rls(self) -> RLS:
        plan = self._plan
        return RLS(len(self.net.neurons), len(self._output), plan.alpha, plan.gain, plan.precision)

    @property
    def decoder(self) -> np.ndarray:
        """The decoder now, shape (n, k) in s."""
        return joined(self.parts, self._plan.signs)

    @property
    def parts(self) -> np.ndarray:
        """The decoder as the network has it: split in two by Dale's law, else the decoder itself."""
        return self.net.decoder_weights()

    @property
    def _output(self) -> np.ndarray:
        return joined(self.net.z, self._plan.signs)

    def _set_decoder(self, phi: np.ndarray) -> None:
        self.net.set_decoder(split_decoder(phi, self._plan.signs))

    @property
    def feedback(self) -> float:
        """Gain of the feedback now."""
        return float(self.net.neurons.variables["feedback"].get_value()[0])

    def memory(self) -> dict[str, np.ndarray]:
        """Return everything that :meth:`restore` needs to go on from here."""
        memory = {f"state_{k}": v for k, v in self.state().items()}
        memory |= {"spike_count": self.net.spike_count.copy(), "feedback_gain": np.array([self.feedback])}
        memory |= {} if self._learned is None else {"decoder_learned": self._learned}
        return memory | {"decoder_weight": self.decoder} | (self._rls.state() if self._rls else {})

    def restore(self, memory: dict[str, np.ndarray], step: int) -> None:
        """Go on from a memory that was taken before ``step``."""
        self.net.set_state({k.removeprefix("state_"): v for k, v in memory.items() if k.startswith("state_")})
        self.net.spike_count[:] = memory["spike_count"]
        self.net.set_feedback(memory["feedback_gain"][0])
        self._set_decoder(memory["decoder_weight"])
        self._learned = memory.get("decoder_learned")
        self.net.network.t_ = step * self._plan.dt
        if self._rls:
            self._rls.restore(memory)

    def enter(self, phase: Phase, begin: int, step: int) -> None:
        """Let the phase that began at step ``begin`` hold from ``step`` on, where the loop stands."""
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
        """Run steps start to stop - 1 and return what they recorded; raises as :meth:`Engine.run`.

        ``folder`` is where the other loop keeps its files; nothing is written here.
        """
        net, plan, rls = self.net, self._plan, self._rls
        if start:
            # What a run that is resumed here starts from.
            self._set_decoder(self.decoder)
            self._engine.seed_brian2(start)
        k, n_voltages = len(self._output), plan.n_voltages
        record, bins, updates = (within(s, start, stop) for s in (plan.record, plan.bins, plan.decoder_updates))
        outputs, voltages = np.empty((len(record), k)), np.empty((len(record), n_voltages), np.float32)
        counts, decoders = np.zeros(len(bins), np.int64), np.zeros((len(updates), plan.decoder_rows, k))
        spikes: list[tuple[int, np.ndarray]] = []

        updates_before, targets = plan.targets(start, stop)

        def sample(step: int) -> None:
            index = (step - record.start) // record.step
            outputs[index] = self._output
            voltages[index] = self._voltage[:n_voltages]

        def count(step: int) -> None:
            counts[(step - bins.start) // bins.step] = net.spike_count.sum()

        def spike(step: int) -> None:
            fired = net.spikes()
            if len(fired):
                chosen = fired[fired < plan.n_spikes]
                if len(chosen):
                    spikes.append((step, chosen))

        (begin, phase), shown = self._phase, -1
        external, stood = (phase.driven(plan.drive), plan.drive_start(begin)) if plan.drive else (None, 0)

        def drive(step: int) -> None:
            nonlocal shown
            index = external.sample(step + 1 - begin, phase.speed, stood)
            if index != shown:
                net.input[:], shown = external.current(index), index

        if external:
            drive(start - 1)

        def learn(step: int) -> None:
            index = (step - plan.learn.start) // plan.learn.step
            off = self._output - targets[index - updates_before]
            try:
                gain = rls.update(net.r, off)
            except ValueError as error:
                raise Diverged(f"diverged: RLS at t = {(step + 1) * plan.dt:.4g} s: {error}") from None
            if net.folding:
                net.folding.learn(gain, off)
            else:
                self._set_decoder(rls.weights)
            if index % plan.decoder_every == 0:
                decoders[(step - updates.start) // updates.step] = rls.weights[: plan.decoder_rows]

        # The output is recorded before it is corrected.
        folded = range(start, stop) if net.folding else range(0)
        tasks = [
            Task(folded, lambda step: net.folding.spike(net.spikes())),
            Task(record, sample),
            Task(bins, count),
            Task(range(start, stop) if plan.n_spikes else range(0), spike),
            Task(within(plan.learn, start, stop), learn),
            Task(range(start, stop) if plan.drive else range(0), drive),
        ]
        finite = {"the output": net.z, "the filtered spikes": net.r, net.voltage: self._voltage}
        watch, seconds, total = Watch(finite, net.spike_count), (stop - start) * plan.dt, plan.n_steps * plan.dt
        at = {"first_step": start, "total": total, "namespace": {}}
        self._engine.run(net.network, seconds, net.clock, tasks, watch, **at)
        return Recording(
            outputs,
            voltages,
            counts,
            np.repeat([s for s, _ in spikes], [len(ids) for _, ids in spikes]).astype(np.int64),
            np.concatenate([ids for _, ids in spikes] or [np.empty(0)]).astype(np.int32),
            decoders,
        )
