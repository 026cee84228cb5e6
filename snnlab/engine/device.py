"""Brian2's device during an engine: every run passes here, whether an engine, ``network.run`` or ``run`` starts it."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import brian2
import numpy as np
import threadpoolctl

from ..errors import Diverged, MachineError, UserError
from .naming import named

_log = logging.getLogger("snnlab")
# Methods of Brian2's devices that an engine replaces while it lasts.
_REPLACED = ("network_run", "seed", "get_value")


class Device:
    """Brian2's current device, from :meth:`take` to :meth:`give_back`, for a target.

    A script may call ``run`` once or several times. In C++ standalone, the runs become one program. It is built when
    the script reads a result for the first time.

    Parameters
    ----------
    target : str
    directory : str, optional
        Where C++ standalone builds its program.
    """

    def __init__(self, target: str, directory: str | None = None):
        self.target, self._directory = target, directory
        self.ran = self._pending = False
        self._names, self._named = contextlib.ExitStack(), list[brian2.BrianObject]()

    def take(self) -> None:
        """Let every run pass here."""
        self._device = brian2.get_device()
        self._before = _replaced()
        for device in self._before:
            device.network_run = self._refuse_device
        self._device.network_run, self._device.seed = self._run, self._seed
        if self._directory:
            self._device.get_value = self._value

    def give_back(self) -> None:
        """Give the device back as it was before."""
        self._names.close()
        _replace(self._before)
        if brian2.get_device() is not self._device:
            # A script may have chosen another device.
            brian2.get_device().reinit()
            brian2.set_device(self._device)

    def require_python(self) -> None:
        """Raise UserError on C++ standalone, where Brian2 would silently ignore Python calls."""
        if self.target == "cpp_standalone":
            raise UserError(
                "target: expected cython or numpy, since the protocol needs Python while it runs, got cpp_standalone"
            )

    def _run(
        self,
        network: brian2.Network,
        duration: brian2.Quantity,
        report: Any = None,
        report_period: Any = None,
        namespace: dict | None = None,
        profile: bool | None = None,
        level: int = 0,
    ) -> None:
        """Run a network, in place of Brian2's ``Network.run`` and with its parameters."""
        # Two levels up are the variables of the caller of ``Network.run``.
        namespace = brian2.get_local_namespace(level + 2) if namespace is None else namespace
        self.ran = True
        self._require_runnable(network)
        options = {"report": report, "profile": profile, "namespace": namespace}
        options |= {} if report_period is None else {"report_period": report_period}
        try:
            with (
                contextlib.ExitStack() as here,
                threadpoolctl.threadpool_limits(1),
                np.errstate(over="ignore", invalid="ignore"),
            ):
                # In standalone the names stay until the program is built.
                names = self._names if self._directory else here
                if names.enter_context(named(network, self._named)):
                    _note_order()
                self._named += network.objects if self._directory else []
                self._original(network, duration, **options)
        except brian2.BrianObjectException as error:
            cause = error.__cause__ or error
            if isinstance(cause, Diverged | UserError):
                raise cause from None
            raise equations_error(error) from error
        self._pending = self._directory is not None

    @property
    def _original(self) -> Callable:
        """Brian2's own method that runs a network on this device."""
        if self._directory:
            return lambda *args, **kwargs: type(self._device).network_run(self._device, *args, **kwargs)
        return brian2.Network.run.original_function

    def _require_runnable(self, network: brian2.Network) -> None:
        """Raise UserError for a network that this target cannot run, or if a script changed the target."""
        if any(_calls_python(obj) for obj in network.objects):
            self.require_python()
        if self._directory and self._device.has_been_run:
            raise UserError(
                "target: expected cython or numpy, since the protocol runs on after it has read results, "
                "got cpp_standalone"
            )
        chosen = brian2.prefs["codegen.target"]
        if not self._directory and chosen != self.target:
            raise UserError(
                f"target: expected {self.target}, as --target says, got codegen.target = {chosen!r} in the protocol"
            )

    def _refuse_device(self, *args: Any, **kwargs: Any) -> None:
        raise UserError(f"target: expected {self.target}, as --target says, got set_device in the protocol")

    def _seed(self, seed: int | None = None) -> None:
        """Seed Brian2 as a script asks for, in place of ``brian2.seed``."""
        _log.warning(f"seed: the protocol calls brian2.seed({seed}), which takes the place of the option --seed")
        set_seed(seed)

    def _value(self, variable: brian2.Variable, access_data: bool = True) -> np.ndarray:
        """Return the value of a variable. The first value that only a run can tell starts the program."""
        if self._pending and self._device.array_cache.get(variable) is None:
            self._build()
        return type(self._device).get_value(self._device, variable, access_data)

    def _build(self) -> None:
        self._pending = False
        try:
            self._device.build(directory=self._directory, compile=True, run=True)
        except (RuntimeError, OSError) as error:
            raise MachineError(f"C++ standalone build or run failed: {short(error)}") from error
        finally:
            self._names.close()


def _calls_python(obj: brian2.BrianObject) -> bool:
    """Tell whether an object calls Python while it runs: a network operation, or a class of the user's with ``run``."""
    own = (each for each in type(obj).__mro__ if not each.__module__.startswith("brian2."))
    return isinstance(obj, brian2.NetworkOperation) or any("run" in vars(each) for each in own)


def _replaced() -> dict[Any, dict]:
    """Return what takes the place of the methods of each device."""
    from brian2.devices.device import all_devices

    return {device: {k: v for k, v in vars(device).items() if k in _REPLACED} for device in all_devices.values()}


def _replace(methods: dict[Any, dict]) -> None:
    for device, stated in methods.items():
        for name in _REPLACED:
            vars(device).pop(name, None)
        vars(device).update(stated)


@contextlib.contextmanager
def plain_devices() -> Iterator[None]:
    """Use Brian2's devices without an engine inside a ``with`` block."""
    before = _replaced()
    _replace({device: {} for device in before})
    try:
        yield
    finally:
        _replace(before)


def set_seed(seed: int | None) -> None:
    """Restart Brian2's random stream of the current device, and NumPy's, from which scripts draw, for an engine."""
    device = brian2.get_device()
    # C++ standalone would leave NumPy's stream as it is.
    np.random.seed(seed)  # noqa: NPY002
    type(device).seed(device, seed)


@cache
def _note_order() -> None:
    """Log once in a process in which order objects without a name run."""
    _log.info("Brian2 objects without a name: those of one kind run in the order of their creation")


def equations_error(error: brian2.BrianObjectException) -> UserError:
    """Return Brian2's error in the equations of an object as one line."""
    found = re.search(r"named '?(\w+)", str(error))
    return UserError(f"equations of {found[1] if found else 'the network'}: {short(error)}")


def short(error: BaseException) -> str:
    """Return the innermost message in one line, without Brian2's listing of the object."""
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split())[:400]
