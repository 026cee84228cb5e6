"""The engine runs a Brian2 network: device, target, tasks at chosen steps, guards. It knows no model."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from functools import cache
from pathlib import Path
from typing import Self

import brian2

from ..errors import UserError
from ..files.checkpoint import Checkpoints
from ..files.record import writable_cache
from ..lazy import after_import
from .device import Device, plain_devices, set_seed
from .naming import release_names
from .preferences import from_files
from .session import Session
from .tasks import Look, Task, Ticker, Watch

TARGETS = ("auto", "cython", "numpy", "cpp_standalone")
WATCH_SECONDS = 0.01
_log = logging.getLogger("snnlab")


class Engine(Session):
    """A session that owns Brian2's device and the run loop. Use as a context manager.

    Brian2 is set up when it is imported. A run that does not need it, on the command line, does not import it.

    Parameters
    ----------
    target : {"auto", "cython", "numpy", "cpp_standalone"}
        Where Brian2's generated code runs. Without a compiler "cython" becomes "numpy", with a warning. "auto" is
        "cython", unless what is run can be a C++ program as a whole: see :meth:`as_program`.
    seed : int
        Seed of all random streams, including Brian2's; see :meth:`rng`.
    progress : bool
        Whether to show a progress bar with an estimate of the time left.
    checkpoints : Checkpoints, optional
        Where long runs write checkpoints and resume from.

    Raises
    ------
    UserError
        For an unknown target or a negative seed.

    Example
    -------
    >>> import brian2
    >>> import snnlab
    >>> from brian2 import Hz, ms, second
    >>> with snnlab.Engine("numpy", seed=1) as engine:
    ...     neurons = brian2.NeuronGroup(2, "dx/dt = -x/(10*ms) : 1", method="exact", name="neurons")
    ...     neurons.x = 1
    ...     ended = engine.run(brian2.Network(neurons), 10*ms)
    ...     neurons.x[:].round(3).tolist(), engine.rng("weights").random() < 1
    ([0.368, 0.368], True)
    """

    def __init__(
        self,
        target: str = "cython",
        seed: int = 0,
        progress: bool = False,
        checkpoints: Checkpoints | None = None,
    ):
        if target not in TARGETS:
            raise UserError(f"target: expected one of {', '.join(TARGETS)}, got {target!r}")
        super().__init__(seed, progress, checkpoints)
        self._build_directory: str | None = None
        self._auto, self._target = target == "auto", "cython" if target == "auto" else target
        self._ready = self._asked = self._program = False
        self._call_off: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        # Brian2 is set up at its import, so a run that builds no Brian2 objects does not pay for it.
        self._call_off = after_import("brian2", self._set_up)
        return self

    def _set_up(self) -> None:
        """Set Brian2's device, preferences and random stream."""
        from brian2.devices.device import runtime_device

        self._ready, target = True, self._target
        self._preferences = {k: copy(brian2.prefs[k]) for k in brian2.prefs}
        self._dt = brian2.defaultclock.dt
        if target == "cython":
            _set_preferences(_modules_folder())
        if target == "cython" and not _compiler_works():
            what = "Python headers that work with the C++ compiler" if compiler() else "C++ compiler"
            _log.warning(f"no {what} found: using the numpy target, which is slower")
            target = self._target = "numpy"
        if brian2.get_device() is not runtime_device:
            _log.warning(f"set_device: the option --target chooses where code runs, here {target}")
            brian2.set_device("runtime")
        if target == "cpp_standalone":
            self._build_directory = tempfile.mkdtemp(prefix="snnlab-build-")
            brian2.set_device("cpp_standalone", build_on_run=False, directory=self._build_directory)
        flags = "codegen.cpp.extra_compile_args_gcc"
        # Brian2 would stop an interrupted run and return as if it were complete.
        changes = {"core.stop_on_keyboard_interrupt": False, flags: [*brian2.prefs[flags], *_vector_flags()]}
        if target != "cpp_standalone":
            changes["codegen.target"] = target
        _set_preferences(changes | from_files())
        # Networks that are never run are expected: after an error, or when only the initial state is needed.
        logging.getLogger("brian2.core.base.unused_brian_object").setLevel(logging.ERROR)
        set_seed(self.brian2_seed())
        self._device = Device(target, self._build_directory)
        self._device.take()
        release_names()
        self._there_before = list(brian2.BrianObject.__instances__())

    def __exit__(self, *error) -> None:
        super().__exit__(*error)
        self._call_off()
        if not self._ready:
            return
        # A script may have changed more of them than the engine.
        _set_preferences({k: v for k, v in self._preferences.items() if brian2.prefs[k] != v})
        self._device.give_back()
        if self._build_directory:
            brian2.get_device().reinit()
            brian2.set_device("runtime")
            shutil.rmtree(self._build_directory, ignore_errors=True)
            self._build_directory = None
        if brian2.defaultclock.dt != self._dt:
            brian2.defaultclock.dt = self._dt

    @property
    def target(self) -> str:
        """Target on which Brian2's generated code runs. Reading this property sets Brian2 up."""
        self._asked = True
        if not self._ready:
            self._call_off()
            self._set_up()
        return self._target

    @property
    def used(self) -> str:
        """Target that was used so far, or "none" if Brian2 was not needed and no Brian2 object was built."""
        if not self._asked and not self._built():
            return "none"
        return "cpp_standalone" if self._program else self._target

    def _built(self) -> bool:
        """Tell whether Brian2 objects were created after Brian2 was set up, even if they are gone after their run."""
        if not self._ready or self._device.ran:
            return self._ready
        before = {id(ref) for ref in self._there_before}
        return any(id(ref) not in before for ref in brian2.BrianObject.__instances__())

    def seed_brian2(self, step: int = 0) -> None:
        """Restart Brian2's random stream of the current device with the seed for the steps from ``step`` on."""
        self._asked = True
        set_seed(self.brian2_seed(step))

    def brian2_seed(self, step: int = 0) -> int:
        """Return the seed of Brian2's random stream for the steps from ``step`` on."""
        return int(self.rng(f"brian2 from step {step}" if step else "brian2").integers(2**31))

    def as_program(self) -> bool:
        """Tell whether to run as one C++ program, for callers that can. "auto" does so if there is a compiler."""
        can = self.target == "cython" and os.name == "posix" and shutil.which("make") is not None
        self._program = self.target == "cpp_standalone" or (self._auto and can)
        return self._program

    def require_python(self) -> None:
        """Raise UserError on C++ standalone, where Brian2 would silently ignore Python calls."""
        if self.target == "cpp_standalone":
            self._device.require_python()

    def run(
        self,
        network: brian2.Network,
        seconds: float | brian2.Quantity,
        clock: brian2.Clock | None = None,
        tasks: Sequence[Task] = (),
        watch: Watch | None = None,
        first_step: int = 0,
        total: float | None = None,
        show: bool = True,
        namespace: dict | None = None,
    ) -> bool:
        """Run a network. Tasks and progress follow ``clock``, whose first step here is ``first_step``.

        ``clock`` is Brian2's default clock if it is None. ``total`` is the length (s) of the whole run, of which this
        call may compute a part. Without ``show``, the caller shows progress. ``namespace`` holds names in equations
        that their groups do not define; None means the caller's variables, as in :meth:`brian2.Network.run`. Objects
        without a name run in the order of their creation. Returns whether a task or ``brian2.stop`` ended the run.

        Networks that a script runs by ``network.run`` or ``run`` are checked and named likewise, without progress.

        Raises
        ------
        UserError
            If the target cannot run it (Python calls in C++ standalone), a unit in the equations is wrong, or
            ``seconds`` is not a time > 0.
        Diverged
            If a watched array is not finite, or neurons fired at every second step or more since the last check.
        KeyboardInterrupt
            If the user interrupted the run.
        """
        seconds = _seconds(seconds)
        namespace = brian2.get_local_namespace(1) if namespace is None else namespace
        if tasks:
            self.require_python()
        if self.target == "cpp_standalone":
            network.run(seconds * brian2.second, namespace=namespace)
            return False
        own, clock = clock is None, brian2.defaultclock if clock is None else clock
        dt, n_steps = float(clock.dt), round(seconds / float(clock.dt))
        # A script's objects may have longer or shorter steps than the default clock.
        length = seconds * brian2.second if own else n_steps * clock.dt
        stop = first_step + n_steps
        total = stop * dt if total is None else total
        if first_step == 0 and show:
            self.show(0.0, total)
        look = Look(watch, lambda done: self.show(done, total) if show else None, dt, first_step)
        every = max(1, round(WATCH_SECONDS / dt))
        looks = range(first_step + every - 1, stop, every)
        ticker = Ticker([*tasks, Task(looks, look)], first_step)
        operation = brian2.NetworkOperation(ticker, clock=clock, when="end", name="ticker")
        end = float(network.t + length)
        network.add(operation)
        try:
            network.run(length, namespace=namespace)
        finally:
            network.remove(operation)
        if ticker.ended or float(network.t) < end:
            return True
        look(stop - 1)
        return False


def _set_preferences(changes: Mapping[str, object]) -> dict[str, object]:
    """Set preferences of Brian2 and return their old values."""
    before = {name: brian2.prefs[name] for name in changes}
    for name, value in changes.items():
        brian2.prefs[name] = value
    return before


@contextlib.contextmanager
def preferences(changes: Mapping[str, object]) -> Iterator[None]:
    """Set preferences of Brian2 inside a ``with`` block."""
    before = _set_preferences(changes)
    try:
        yield
    finally:
        _set_preferences(before)


@contextlib.contextmanager
def on_numpy() -> Iterator[None]:
    """Run a ``with`` block on numpy in this process, for any device and target. Results equal on every machine."""
    from brian2.devices.device import reset_device, runtime_device

    runtime = brian2.get_device() is runtime_device
    if not runtime:
        brian2.set_device("runtime")
    try:
        with plain_devices(), preferences({"codegen.target": "numpy", "core.stop_on_keyboard_interrupt": False}):
            yield
    finally:
        if not runtime:
            reset_device()


def _seconds(value: float | brian2.Quantity) -> float:
    """Return a time in s, given a plain number or a Brian2 quantity."""
    with contextlib.suppress(TypeError, ValueError):
        is_time = brian2.have_same_dimensions(value, brian2.second) or brian2.have_same_dimensions(value, 1)
        if is_time and 0 < float(value) < float("inf"):
            return float(value)
    raise UserError(f"seconds: expected a time > 0 in s, got {value!r}")


@cache
def compiler() -> str:
    """Return the version text of the C++ compiler, or "" if there is none."""
    with contextlib.suppress(OSError):
        command = [*shlex.split(os.environ.get("CXX") or "g++"), "--version"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return ""


def _vector_flags() -> list[str]:
    """Return flags with which GCC computes several neurons at a time. A step is then 1.3 to 3 times faster."""
    if "Free Software Foundation" not in compiler():
        return []
    # GCC compares each pair of arrays to prove that they do not overlap, and by default gives up at 10 comparisons.
    # glibc hides its vector versions of cos, exp, ... when infinities and NaN are supported, which Brian2 needs.
    return ["--param=vect-max-version-for-alias-checks=1000", "-D__FAST_MATH__"]


def _modules_folder() -> dict[str, object]:
    """Return the preference that moves Cython's modules to a temporary folder if theirs cannot be written.

    Brian2 would take Cython for missing.
    """
    from brian2.codegen.runtime.cython_rt.extension_manager import get_cython_cache_dir

    folder = get_cython_cache_dir()
    if folder is None or (used := writable_cache(Path(folder))) == Path(folder):
        return {}
    return {"codegen.runtime.cython.cache_dir": str(used)}


def _compiler_works() -> bool:
    from brian2.codegen.runtime.cython_rt import CythonCodeObject

    return bool(CythonCodeObject.is_available())
