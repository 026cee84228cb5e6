"""Run a Brian2 network: target, seeds, progress, tasks at chosen steps, guards. Knows no model."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from functools import cache

import brian2
import numpy as np
from brian2.core.namespace import get_local_namespace
from brian2.devices.device import reset_device, runtime_device
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from ..errors import Diverged, MachineError, UserError
from ..files.checkpoint import Checkpoints
from .tasks import Look, Task, Ticker, Watch

TARGETS = ("auto", "cython", "numpy", "cpp_standalone")
WATCH_SECONDS = 0.01
_TIMES = "[{elapsed} passed, {remaining} left]"
_log = logging.getLogger("snnlab")


class Engine:
    """Owns the device, the random streams and the run loop. Use as a context manager.

    Parameters
    ----------
    target : {"auto", "cython", "numpy", "cpp_standalone"}
        Where Brian2's generated code runs. Without a compiler "cython" becomes "numpy", with a warning. "auto" is
        "cython", unless what is run can be a C++ program as a whole: see :meth:`as_program`.
    seed : int
        One seed gives every random stream: see :meth:`rng`; Brian2's stream is one of them.
    progress : bool
        Show a progress bar with an estimate of the time left.
    checkpoints : Checkpoints, optional
        Where long runs write checkpoints and resume from.

    Raises
    ------
    UserError
        For an unknown target or a negative seed.
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
        if seed < 0:
            raise UserError(f"seed: expected an integer >= 0, got {seed}")
        self.seed, self.progress, self.checkpoints = seed, progress, checkpoints
        self._build_directory = self._bar = None
        self._auto, target = target == "auto", "cython" if target == "auto" else target
        if target == "cython" and not _compiler_works():
            _log.warning("no C++ compiler or Python headers found: using the numpy target, which is slower")
            target = "numpy"
        # What is asked of Brian2 here, and what ran in the end.
        self.target = self.used = target
        if target == "cpp_standalone":
            self._build_directory = tempfile.mkdtemp(prefix="snnlab-build-")
            brian2.set_device("cpp_standalone", build_on_run=False, directory=self._build_directory)
        flags = "codegen.cpp.extra_compile_args_gcc"
        # Brian2 would stop an interrupted run and return as if it were complete.
        changes = {"core.stop_on_keyboard_interrupt": False, flags: [*brian2.prefs[flags], *_vector_flags()]}
        if target != "cpp_standalone":
            changes["codegen.target"] = target
        self._previous = _set_preferences(changes)
        # Networks that are never run, after a mistake or for their initial state, are no news.
        logging.getLogger("brian2.core.base.unused_brian_object").setLevel(logging.ERROR)
        self.seed_brian2()
        # Networks of earlier runs that wait for removal would take numbers from names that Brian2 gives.
        if any(_automatic(obj) for ref in list(brian2.BrianObject.__instances__()) if (obj := ref()) is not None):
            gc.collect()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_) -> None:
        if self._bar is not None:
            self._bar.close()
        _set_preferences(self._previous)
        if self._build_directory:
            brian2.get_device().reinit()
            brian2.set_device("runtime")
            shutil.rmtree(self._build_directory, ignore_errors=True)
            self._build_directory = None

    def rng(self, name: str) -> np.random.Generator:
        """Return the random generator of a purpose; streams of different names are independent."""
        return np.random.default_rng(np.random.SeedSequence([self.seed, zlib.crc32(name.encode())]))

    def seed_brian2(self, step: int = 0) -> None:
        """Start Brian2's random stream of the current device anew, as it is from a step on."""
        brian2.seed(self.brian2_seed(step))

    def brian2_seed(self, step: int = 0) -> int:
        """Return the seed of Brian2's random stream from a step on."""
        return int(self.rng(f"brian2 from step {step}" if step else "brian2").integers(2**31))

    def as_program(self) -> bool:
        """Tell whether to run as one C++ program, for callers that can; "auto" does so if there is a compiler."""
        can = self.target == "cython" and os.name == "posix" and shutil.which("make") is not None
        if self.target == "cpp_standalone" or (self._auto and can):
            self.used = "cpp_standalone"
        return self.used == "cpp_standalone"

    def show(self, done: float, total: float, unit: str = "s", whole: bool = False) -> None:
        """Show that ``done`` of ``total`` s of model time, or of another unit, have passed; 0 begins anew.

        Numbers of a unit that comes ``whole`` are shown so.
        """
        if done == 0 and self._bar is not None:
            self._bar.close()
            self._bar = None
        if self._bar is None:
            numbers = "{n:,.0f} of {total:,.0f}" if whole else "{n:.2f} of {total:.4g}"
            self._bar = tqdm(
                total=total,
                disable=not self.progress,
                # In a log file each update is a line of its own.
                mininterval=0.1 if sys.stderr.isatty() else 10,
                desc="compiling",
                file=sys.stderr,
                bar_format=f"{{desc}}{{percentage:3.0f}}%|{{bar}}| {numbers} {unit} {_TIMES}",
            )
        if done > 0:
            if self._bar.n == 0:
                # The time left is estimated from here: what came before was compilation.
                self._bar.reset()
                self._bar.set_description(None)
                self._bar.initial = self._bar.n = done
            self._bar.update(min(done, self._bar.total) - self._bar.n)

    def end(self, done: float, text: str) -> None:
        """Show that a run ended at ``done``, which may be short of its total, and how."""
        if self.progress:
            # 0 would begin anew.
            self.show(done + 1e-9, self._bar.total)
            self._bar.bar_format = self._bar.bar_format.replace(_TIMES, "[{elapsed} passed]")
            self._bar.set_description(text)

    def require_python(self) -> None:
        """Raise UserError on C++ standalone, where Brian2 would drop Python calls without a word."""
        if self.target == "cpp_standalone":
            raise UserError(
                "target: cpp_standalone cannot run this protocol, which needs Python while it runs; "
                "expected cython or numpy"
            )

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
        """Run a network; tasks and progress follow ``clock``, whose first step here is ``first_step``.

        ``clock`` is Brian2's default clock if it is None. ``total`` is the length in s of the whole run that this is a
        stretch of; without ``show`` the caller shows progress. ``namespace`` holds the names that equations use and
        that their groups do not define; None: the caller's variables, as in :meth:`brian2.Network.run`. Objects
        without a name run in the order in which they were created. Returns whether a task ended the run.

        Raises
        ------
        UserError
            If the target cannot run it (Python calls in C++ standalone), a unit in the equations is wrong, or
            ``seconds`` is no time > 0.
        Diverged
            If a watched array is not finite, or neurons fired at every second step or more since the last look.
        KeyboardInterrupt
            If the user interrupted the run, or something called ``brian2.stop``.
        """
        seconds = _seconds(seconds)
        clock = brian2.defaultclock if clock is None else clock
        namespace = get_local_namespace(1) if namespace is None else namespace
        if tasks or any(isinstance(o, brian2.NetworkOperation) for o in network.objects):
            self.require_python()
        if self.target == "cpp_standalone":
            with named(network):
                self._run_standalone(network, seconds, namespace)
            return False
        dt, n_steps = float(clock.dt), round(seconds / float(clock.dt))
        stop = first_step + n_steps
        total = stop * dt if total is None else total
        if first_step == 0 and show:
            self.show(0.0, total)
        look = Look(watch, lambda done: self.show(done, total) if show else None, dt, first_step)
        every = max(1, round(WATCH_SECONDS / dt))
        looks = range(first_step + every - 1, stop, every)
        ticker = Ticker([*tasks, Task(looks, look)], first_step)
        operation = brian2.NetworkOperation(ticker, clock=clock, when="end", name="ticker")
        network.add(operation)
        try:
            with named(network), threadpool_limits(1), np.errstate(over="ignore", invalid="ignore"):
                network.run(n_steps * clock.dt, namespace=namespace)
        except brian2.BrianObjectException as error:
            cause = error.__cause__ or error
            if isinstance(cause, Diverged | UserError):
                raise cause from None
            raise equations_error(error) from error
        finally:
            network.remove(operation)
        if ticker.ended:
            return True
        if ticker.step < stop:
            raise KeyboardInterrupt
        look(stop - 1)
        return False

    def _run_standalone(self, network: brian2.Network, seconds: float, namespace: dict) -> None:
        network.run(seconds * brian2.second, namespace=namespace)
        try:
            brian2.get_device().build(directory=self._build_directory, compile=True, run=True)
        except (RuntimeError, OSError) as error:
            raise MachineError(f"C++ standalone build or run failed: {_short(error)}") from error


def _set_preferences(changes: dict[str, object]) -> dict[str, object]:
    """Set preferences of Brian2; returns what they were."""
    before = {name: brian2.prefs[name] for name in changes}
    for name, value in changes.items():
        brian2.prefs[name] = value
    return before


@contextlib.contextmanager
def preferences(changes: dict[str, object]) -> Iterator[None]:
    """Set preferences of Brian2 for a while."""
    before = _set_preferences(changes)
    try:
        yield
    finally:
        _set_preferences(before)


@contextlib.contextmanager
def on_numpy() -> Iterator[None]:
    """Run what is inside on numpy, in this process, whatever device and target are set: the same on every machine."""
    runtime = brian2.get_device() is runtime_device
    if not runtime:
        brian2.set_device("runtime")
    try:
        with preferences({"codegen.target": "numpy", "core.stop_on_keyboard_interrupt": False}):
            yield
    finally:
        if not runtime:
            reset_device()


def _seconds(value: float | brian2.Quantity) -> float:
    """Return a time in s: a plain number, or a Brian2 quantity of time."""
    if brian2.have_same_dimensions(value, brian2.second) or brian2.have_same_dimensions(value, 1):
        if 0 < float(value) < float("inf"):
            return float(value)
    raise UserError(f"seconds: expected a time > 0 in s, got {value}")


@contextlib.contextmanager
def named(network: brian2.Network) -> Iterator[None]:
    """Give the objects of a network that have no name of their own one in order of creation, for a while.

    Brian2 numbers them over all that the process has created, and sorts objects of one slot by name: the tenth would
    run before the second, and what runs first would depend on what was created before.
    """
    unnamed: dict[str, list[tuple[int, brian2.BrianObject]]] = {}
    for obj in network.objects:
        if found := _automatic(obj):
            unnamed.setdefault(found[1], []).append((int(found[2] or 0), obj))
    changes: list[tuple[brian2.BrianObject, str, str]] = []
    for kind, objects in sorted(unnamed.items()):
        for number, (_, obj) in enumerate(sorted(objects, key=lambda pair: pair[0])):
            _rename(obj, obj.name, f"{kind}_{number:04d}", changes)
    if changes:
        count = sum(map(len, unnamed.values()))
        _log.info(f"{count} Brian2 objects have no name: those of one kind run in the order in which they were created")
    try:
        yield
    finally:
        for obj, before, _ in changes:
            obj._name = before


def _automatic(obj: brian2.BrianObject) -> re.Match | None:
    """Match the name that Brian2 gave to an object without one: kind, and number from the second on."""
    return re.fullmatch(rf"({type(obj).__name__.lower()})(?:_(\d+))?", getattr(obj, "_name", None) or "")


def _rename(obj: brian2.BrianObject, old: str, new: str, changes: list) -> None:
    """Rename an object, and what it contains: its state updater, its pathways."""
    if obj.name == old or obj.name.startswith(f"{old}_"):
        changes.append((obj, obj.name, new + obj.name.removeprefix(old)))
        obj._name = changes[-1][2]
    for part in obj.contained_objects:
        _rename(part, old, new, changes)


@cache
def compiler() -> str:
    """Return what the C++ compiler says about its version, empty if there is none."""
    with contextlib.suppress(OSError):
        command = [os.environ.get("CXX", "g++"), "--version"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return ""


def _vector_flags() -> list[str]:
    """Flags with which GCC computes several neurons at a time: a step is then 1.3 to 3 times faster."""
    if "Free Software Foundation" not in compiler():
        return []
    # To prove that arrays do not overlap, GCC compares each pair, and stops looking at 10. And glibc's vectors of cos,
    # exp, ... are hidden where infinities and NaN are kept, as Brian2 wants them.
    return ["--param=vect-max-version-for-alias-checks=1000", "-D__FAST_MATH__"]


def _compiler_works() -> bool:
    from brian2.codegen.runtime.cython_rt import CythonCodeObject

    return bool(CythonCodeObject.is_available())


def equations_error(error: brian2.BrianObjectException) -> UserError:
    """Return in one line what Brian2 found wrong with the equations of an object."""
    named = re.search(r"named '?(\w+)", str(error))
    return UserError(f"equations of {named[1] if named else 'the network'}: {_short(error)}")


def _short(error: BaseException) -> str:
    """The innermost message in one line, without Brian2's listing of the object."""
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split())[:400]
