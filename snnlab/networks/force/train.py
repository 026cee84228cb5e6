"""Training of a FORCE network."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from numbers import Real

import brian2
import numpy as np
import scipy
import xarray as xr

from ...connectivity.random import encoder, sparse_random, with_signs
from ...engine.brian import Engine
from ...errors import UserError
from ...models.neuron import NeuronModel
from ...stimuli.signals.teacher import Teacher, sample
from .config import AFTER_LEARNING, ForceConfig
from .dataset import run_dataset
from .drive import Drive
from .folding import worth_folding
from .network import Form
from .phases import Phase, changed, require_phases
from .plan import Plan, Recording, ends, refuse_runaway, within
from .program import ProgramLoop
from .runtime import RuntimeLoop
from .setup import ForceSetup

_log = logging.getLogger("snnlab")
# This is the size of the largest network of the 2017 scripts (Lorenz attractor).
PUBLISHED_N = 5000
# At most this number of samples of the teacher is in memory at a time.
_PIECE = 100_000


def train_force(
    config: ForceConfig,
    teacher: Teacher,
    engine: Engine,
    excitatory: float | None = None,
    drive: Drive | None = None,
    phases: Sequence[Phase] = (),
    sizes: np.ndarray | None = None,
) -> xr.Dataset:
    """Run a network with RLS in the learning window and with frozen weights outside it.

    Parameters
    ----------
    config : ForceConfig
    teacher : callable
        Function of times in s, shape (T,), that returns values of shape (T,) or (T, K). A value may depend only on its
        own time, because the function is called for pieces of the run. The output after step n is compared with the
        teacher at (n + 1) dt.
    engine : Engine
    excitatory : float
        Share of excitatory neurons, which have the first indices. Every column of the total matrix then keeps the sign
        of its population (Dale's law, see :mod:`snnlab.connectivity.dale`). None means no Dale's law.
    drive : Drive
        External input, for example pulses that mark the time; see :mod:`snnlab.networks.force.drive`.
    phases : sequence of Phase
        Changes at given times: speed of the drive, lesions, feedback. A control of the Config applies to all phases
        after learning.
    sizes : array of shape (K,)
        Size of each output's feedback weights relative to Q. None means 1.

    Returns
    -------
    xarray.Dataset
        ``output`` and ``teacher`` (time, component); ``population_rate`` (bin); ``spike_time`` and
        ``spike_neuron`` (spike); ``voltage`` (time, traced); ``decoder`` (neuron, component) and
        ``decoder_trace`` (learned, read, component); ``encoder``; ``recurrent_*`` (synapse); ``state_*`` and ``sign``
        (neuron). ``recorded``, ``traced`` and ``read`` are the indices of the neurons whose spikes, membrane potentials
        and decoders are recorded. The recordings of a run with checkpoints are dask arrays, which are read from files
        when they are used.

    Raises
    ------
    UserError, Diverged
        UserError before the run, for settings that are not allowed. Diverged during the run.

    Example
    -------
    >>> import numpy as np
    >>> import snnlab
    >>> config = snnlab.ForceConfig(neuron="lif", n=20, dt=0.5, seconds=0.3, learn_start=0.1, learn_stop=0.2)
    >>> with snnlab.Engine("numpy", seed=1) as engine:
    ...     run = snnlab.train_force(config, lambda t: np.sin(2*np.pi*5*t), engine)
    >>> run.output.dims, run.decoder.shape
    (('time', 'component'), (20, 1))

    Reference: Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, figure 2 and the authors' scripts.
    """
    setup, n = config.setup, config.n
    _warn_of_size(config)
    k = _components(teacher, setup)
    signs = _signs(n, excitatory)
    recurrent, feedback = weights(config, setup, engine, k, signs)
    if sizes is not None:
        feedback = feedback * sizes
    phases = _broken(config, setup, engine, phases)
    require_phases(phases, drive, n, k, setup.dt, setup.learn_stop * setup.dt, setup.n_steps * setup.dt)
    plan = _plan(config, setup, teacher, engine, signs, drive, phases)
    folded = not len(signs) and worth_folding(n, k, setup.learn.step)
    loop = make_loop(config, setup, recurrent, feedback, plan, engine, folded)
    return _trained(config, setup, plan, loop, engine, (recurrent, feedback))


def go_on(
    config: ForceConfig,
    setup: ForceSetup,
    teacher: Teacher,
    engine: Engine,
    matrices: tuple[scipy.sparse.csr_array, np.ndarray],
    memory: dict[str, np.ndarray],
    **changes,
) -> xr.Dataset:
    """Train a network from a memory of its loop, and return the Dataset as :func:`train_force` does.

    Parameters
    ----------
    config, setup : ForceConfig, ForceSetup
        Settings of the run that continues. Its last step is counted from the start of the run before.
    matrices : recurrent weights (n, n) and feedback weights (n, k), SI
    memory : dict
        What :meth:`RuntimeLoop.restore` needs. Without P, RLS starts at P = alpha I.
    changes
        Fields of the Plan: ``start``, ``signs``, ``drive``, ``drive_from``.
    """
    recurrent, feedback = matrices
    n, k = feedback.shape
    if (found := _components(teacher, setup)) != k:
        raise UserError(f"teacher: expected {k} component{'s' * (k > 1)}, one for each output, got {found}")
    plan = replace(_plan(config, setup, teacher, engine, np.zeros(0), None, ()), **changes)
    folded = not len(plan.signs) and worth_folding(n, k, setup.learn.step)
    loop = make_loop(config, setup, recurrent, feedback, plan, engine, folded)
    loop.restore(memory, plan.start)
    return _trained(config, setup, plan, loop, engine, matrices)


def _trained(
    config: ForceConfig,
    setup: ForceSetup,
    plan: Plan,
    loop: ProgramLoop | RuntimeLoop,
    engine: Engine,
    matrices: tuple[scipy.sparse.csr_array, np.ndarray],
) -> xr.Dataset:
    """Run the plan and return its Dataset."""
    recording, resumed = _run(loop, plan, max(1, round(config.checkpoint / setup.dt)), engine, config.n)
    dataset = run_dataset(config, setup, plan, loop, recording, matrices, resumed)
    dataset.attrs |= {"seed": engine.seed, "target": engine.used}
    return dataset


def weights(
    config: ForceConfig, setup: ForceSetup, engine: Engine, k: int = 1, signs: np.ndarray | None = None
) -> tuple[scipy.sparse.csr_array, np.ndarray]:
    """Return the initial weights of a run of this Config: recurrent (n, n) and feedback (n, k), SI.

    Every call returns the same weights. ``signs`` is 1 or -1 for each neuron of a network with Dale's law.

    Raises
    ------
    UserError
        If there is no recurrent connection.
    """
    signs = np.zeros(0) if signs is None else signs
    dale = len(signs) > 0
    zero_row_mean = setup.zero_row_mean and not dale
    recurrent = sparse_random(config.n, config.p, setup.g, engine.rng("recurrent"), zero_row_mean)
    if not recurrent.nnz:
        raise UserError(f"p: expected a probability that gives recurrent connections at n = {config.n}, got {config.p}")
    if dale:
        recurrent = with_signs(recurrent, signs, setup.zero_row_mean)
    return recurrent, encoder(config.n, k, setup.q, engine.rng("encoder"), config.encoder)


def _warn_of_size(config: ForceConfig) -> None:
    if config.n > PUBLISHED_N and config.rls_gain == "undivided":
        _log.warning(
            f"n = {config.n}: with the undivided RLS gain of the 2017 scripts (up to {PUBLISHED_N} neurons), larger "
            "networks can run away as learning begins; --rls-gain exact has smaller first steps"
        )


def _broken(config: ForceConfig, setup: ForceSetup, engine: Engine, phases: Sequence[Phase]) -> Sequence[Phase]:
    """Return the phases of a run with the control of its Config applied to every phase after learning."""
    if config.control not in AFTER_LEARNING:
        return phases
    broken: dict[str, float | np.ndarray] = {"feedback": 0.0}
    if config.control == "permuted_decoder":
        broken = {"permutation": engine.rng("permute").permutation(config.n)}
    if setup.learn_stop + 1 >= setup.n_steps:
        return phases
    return changed(phases, (setup.learn_stop + 1) * setup.dt, **broken)


def make_loop(
    config: ForceConfig,
    setup: ForceSetup,
    recurrent: scipy.sparse.csr_array,
    encoder: np.ndarray,
    plan: Plan,
    engine: Engine,
    folded: bool = False,
) -> ProgramLoop | RuntimeLoop:
    """Return a loop that runs the network on the engine's target: one C++ program or a runtime target."""
    models = (setup.neuron, setup.synapse, recurrent, encoder)
    form = Form(config.filter_scheme, plan.drive is not None, folded)
    if can_be_program(setup.neuron, engine) and engine.as_program():
        return ProgramLoop(*models, plan, engine, bias=setup.bias, form=form)
    # If a run has several networks, each one draws its own initial state, as programs do.
    engine.seed_brian2()
    return RuntimeLoop(*models, plan, engine, bias=setup.bias, form=form)


def can_be_program(neuron: NeuronModel, engine: Engine) -> bool:
    """Tell whether a C++ program can hold a neuron's variables, which must be real numbers.

    Raises
    ------
    UserError
        If it cannot and the target is cpp_standalone.
    """
    equations = brian2.Equations(neuron.equations)
    stored = [*equations.diff_eq_names, *equations.parameter_names]
    other = [name for name in stored if equations[name].var_type != "float"]
    if other and engine.target == "cpp_standalone":
        raise UserError(
            f"target: expected one of auto, cython, numpy, since {other[0]!r} of neuron {neuron.name!r} is "
            f"{equations[other[0]].var_type}, got cpp_standalone"
        )
    return not other


def _run(loop: ProgramLoop | RuntimeLoop, plan: Plan, every: int, engine: Engine, n: int) -> tuple[Recording, int]:
    """Run the plan in parts of ``every`` steps, with a checkpoint after each part except the last.

    Returns the recording, and the step from which an interrupted run was resumed.
    """
    checkpoints, changes = range(every, plan.n_steps, every), (step for step, _ in plan.phases if step)
    stops = sorted({*checkpoints, *changes, plan.n_steps})
    stage = engine.checkpoints.stage(engine.used) if engine.checkpoints and checkpoints else None
    parts = []
    start, memory = stage.latest() if stage else (0, {})
    if memory:
        _log.info(f"going on from t = {start * plan.dt:g} s")
        loop.restore(memory, start)
    start = max(start, plan.start)
    resumed, counts = start, np.zeros(0, np.int64)
    if stage and memory:
        counts = np.concatenate([np.asarray(arrays["counts"]) for arrays in stage.parts()])
    for stop in stops:
        if stop <= start:
            continue
        begin, phase = plan.phase(start)
        if plan.phases and (begin == start or start == resumed > begin):
            loop.enter(phase, begin, start)
        part = loop.advance(start, stop, stage.folder if stage else None)
        part = replace(part, teacher=plan.taught(within(plan.record, start, stop)))
        counts = np.concatenate([counts, part.counts])
        refuse_runaway(counts, part, start, plan, n)
        if stage and stop < plan.n_steps:
            stage.save(stop, loop.memory(), part.arrays())
        else:
            parts.append(part)
        start = stop
    before = [Recording(**arrays) for arrays in stage.parts()] if stage else []
    return Recording.joined([*before, *parts]), resumed


def _components(teacher: Teacher, setup: ForceSetup) -> int:
    """Return the number of the teacher's components. The teacher is checked at all times before the run."""
    components = set()
    for steps in (setup.record, setup.learn):
        for first in range(0, len(steps), _PIECE):
            times = ends(steps[first : first + _PIECE], setup.dt)
            values = sample(teacher, times)
            components.add(values.shape[1])
            # A run calls its teacher for pieces of time, so values must not depend on the other times of a call.
            alone = sample(teacher, times[-1:])
            if not np.allclose(alone, values[-1:], rtol=1e-6, atol=1e-9 * np.abs(values).max()):
                raise UserError(
                    f"teacher: expected values that depend only on their own time, got {alone[0]} at t = "
                    f"{times[-1]:g} s in a call for this time and {values[-1]} in a call for several times"
                )
    if len(components) > 1:
        raise UserError(f"teacher: expected the same number of components at all times, got {sorted(components)}")
    return components.pop()


def _signs(n: int, excitatory: float | None) -> np.ndarray:
    """Return 1 for each excitatory and -1 for each inhibitory neuron; empty without Dale's law."""
    if excitatory is None:
        return np.zeros(0)
    first = round(excitatory * n) if isinstance(excitatory, Real) and 0 < excitatory < 1 else 0
    if not 0 < first < n:
        raise UserError(f"excitatory: expected a share > 0 and < 1 of {n} neurons, got {excitatory!r}")
    return np.where(np.arange(n) < first, 1.0, -1.0)


def _plan(
    config: ForceConfig,
    setup: ForceSetup,
    teacher: Teacher,
    engine: Engine,
    signs: np.ndarray,
    drive: Drive | None,
    phases: Sequence[Phase],
) -> Plan:
    """Return the plan of a run, with the changes of its control."""
    shuffle = config.control == "shuffled_teacher"
    begins = [round(phase.start / setup.dt) for phase in phases]
    return Plan(
        dt=setup.dt,
        n_steps=setup.n_steps,
        record=setup.record,
        n_voltages=min(config.record_voltages, config.n),
        n_spikes=min(config.record_spikes, config.n),
        learn=setup.learn,
        teacher=teacher,
        shuffled=engine.rng("shuffle").permutation(len(setup.learn)) if shuffle else np.zeros(0, np.int64),
        alpha=setup.alpha,
        gain=config.rls_gain,
        precision=config.rls_precision,
        decoder_rows=min(config.record_decoders, config.n),
        decoder_every=max(1, len(setup.learn) // 500),
        phases=tuple(zip(begins, phases, strict=True)),
        drive=drive,
        keep_p=config.record_p,
        signs=signs,
    )
