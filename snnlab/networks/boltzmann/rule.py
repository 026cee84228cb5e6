r"""STDP of a dynamic Boltzmann machine, as Brian2 equations.

Neuron j is on (x_j = 1) or off at every step. A spike of i needs d_ij steps to reach j and is under way until then.
With decay rates :math:`\lambda_k` and :math:`\mu_l`, each synapse and each neuron have the traces

.. math::
    \alpha_{ijk}(t) &= \sum_{s \le t - d_{ij} + 1} \lambda_k^{t + 2 - d_{ij} - s} x_i(s) &\text{spikes that arrived}

    \beta_{ijl}(t) &= \sum_{s = t - d_{ij} + 2}^{t} \mu_l^{-(t + 1 - s)} x_i(s) &\text{spikes under way}

    \gamma_{jl}(t) &= \sum_{s \le t} \mu_l^{t + 1 - s} x_j(s) &\text{spikes of a neuron itself}

from which follows the energy of being on in the next step, and the probability

.. math::
    E_j = -b_j - \sum_{ik} u_{ijk} \alpha_{ijk} + \sum_{il} v_{ijl} \beta_{ijl} + \sum_{il} v_{jil} \gamma_{il},
    \quad p_j = \frac{1}{1 + e^{E_j/\tau}}

Learning ascends the gradient of the log likelihood of the sequence. With the surprise :math:`D_j = (x_j - p_j)/\tau`,

.. math::
    \Delta b_j \propto D_j, \quad \Delta u_{ijk} \propto \alpha_{ijk} D_j,
    \quad \Delta v_{ijl} \propto -\beta_{ijl} D_j - \gamma_{jl} D_i

With positive u and v, a spike that has arrived makes j fire (LTP). A spike that is still under way, or that comes after
j has fired, prevents j from firing (LTD). If j fires unexpectedly, u increases and v decreases. "adagrad" divides each
change by the square root of the sum of all its squares so far (Duchi, Hazan & Singer 2011); "sgd" does not.

Two settings decide what the sources leave open. ``timing``: in equation (4) of the paper, as printed, a spike that
arrives now is neither in alpha nor in beta. "consistent" counts it in alpha; "literal" does not. ``variant``: "paper"
follows the equations. "jdybm" follows the authors' Java program where it differs and equations can express it: beta has
the oldest spike in the place of the newest, the neuron's own gamma is in its energy, v changes in two steps, and delays
of 1 have no effect. The parameters still differ from those of the program by about 2 after one period of SCIENCE.
"jdybm_sequential" is the program itself: neurons learn one after the other; see
:mod:`snnlab.networks.boltzmann.sequential`.

Reference: Osogami & Otsuka 2015, doi:10.1038/srep14149, equations 3 to 18. AdaGrad is implemented as in the authors'
program jdybm (github.com/ibm-research-tokyo/dybm).
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...checking import require_choices, require_positive
from ...errors import UserError

if TYPE_CHECKING:
    import brian2

# A Brian2 integer holds a history of this number of steps.
LONGEST_HISTORY = 30
SMALLEST_RATE = 1e-9
# This constant prevents division by 0 for parameters that never had a gradient.
TINY = 1e-300


@dataclass(frozen=True)
class DybmRule:
    """Settings of the learning rule. :meth:`neurons` and the other methods return its equations.

    Raises
    ------
    UserError
        For decay rates outside (0, 1), and for other values that are not allowed.

    Example
    -------
    >>> import snnlab
    >>> rule = snnlab.DybmRule(lam=(0.5,), mu=(0.5,), optimizer="sgd", rate=0.1)
    >>> print(rule.arrive())
    alpha_1 = lambda_1*(alpha_1 + arrived(history_pre, delay_steps))
    beta_1 = under_way_1(history_pre, delay_steps)

    Reference: Osogami & Otsuka 2015, doi:10.1038/srep14149, equations 3 to 18.
    """

    lam: tuple[float, ...] = (0.25, 0.5, 0.75)
    """decay rates lambda_k of the synaptic traces"""
    mu: tuple[float, ...] = (0.25, 0.5, 0.75)
    """decay rates mu_l of the neural traces and of the spikes under way"""
    temperature: float = 1.0
    """tau"""
    optimizer: Literal["adagrad", "sgd"] = "adagrad"
    """method that converts gradients to changes"""
    rate: float = 1.0
    """learning rate"""
    timing: Literal["consistent", "literal"] = "consistent"
    """whether a spike that arrives now counts as arrived"""
    variant: Literal["paper", "jdybm", "jdybm_sequential"] = "paper"
    """the paper's equations, or the authors' program without or with learning of one neuron after the other"""

    def __post_init__(self):
        for name in ("lam", "mu"):
            given = getattr(self, name)
            try:
                rates = tuple(given)
            except TypeError:
                rates = ()
            # With smaller rates, the traces of spikes under way overflow.
            if not rates or not all(isinstance(x, Real) and SMALLEST_RATE <= x < 1 for x in rates):
                raise UserError(
                    f"{name}: expected decay rates between 0 and 1 (at least {SMALLEST_RATE:g}, below 1), got {given!r}"
                )
            object.__setattr__(self, name, tuple(map(float, rates)))
        for name in ("temperature", "rate"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Real):
                raise UserError(f"{name}: expected a number > 0, got {value!r}")
        require_positive(self, "temperature", "rate")
        require_choices(self)

    @property
    def sequential(self) -> bool:
        """Whether neurons learn one after the other, which equations cannot express."""
        return self.variant == "jdybm_sequential"

    def require_target(self, target: str) -> None:
        """Raise UserError for a target that cannot run this rule."""
        if self.sequential and target not in ("auto", "numpy"):
            raise UserError(f"target: expected auto or numpy, since variant is {self.variant}, got {target}")

    def _each(self, text: str, which: tuple[float, ...]) -> list[str]:
        return [text.format(m=m) for m in range(1, len(which) + 1)]

    def neurons(self) -> str:
        """Return the equations of the neurons."""
        return "\n".join(
            [
                "bias : 1\nbias_squares : 1\nx : 1\ntarget : 1\nhistory : integer",
                "learning : 1 (shared)\nrecalling : 1 (shared)",
                "E_in : 1\nE_own : 1\nenergy : 1\nprobability : 1\nsurprise : 1",
                *self._each("gamma_{m} : 1", self.mu),
            ]
        )

    def synapses(self) -> str:
        """Return the equations of the synapses. Sums over the synapses give the energy."""
        arrived = self._each("- u_{m}*alpha_{m}", self.lam)
        under_way = self._each("+ v_{m}*beta_{m}", self.mu)
        own = " + ".join(self._each("v_{m}*gamma_{m}_post", self.mu))
        return "\n".join(
            [
                "delay_steps : integer (constant)\nsurprise_here : 1\nsurprise_there : 1",
                *self._each("own_{m} : 1", self.mu),
                *self._each("u_{m} : 1\nu_squares_{m} : 1\nalpha_{m} : 1", self.lam),
                *self._each("v_{m} : 1\nv_squares_{m} : 1\nbeta_{m} : 1", self.mu),
                f"E_in_post = {' '.join(arrived + under_way)} : 1 (summed)",
                # This is the sum over v_ji gamma_i: the synapse from j to i adds to its own source neuron.
                f"E_own_{'pre' if self.variant == 'paper' else 'post'} = {own} : 1 (summed)",
            ]
        )

    def arrive(self) -> str:
        """Return the update of the synapses at the start of a step, with the spikes of all earlier steps."""
        alpha = "alpha_{m} = lambda_{m}*(alpha_{m} + arrived(history_pre, delay_steps))"
        return "\n".join(
            self._each(alpha, self.lam) + self._each("beta_{m} = under_way_{m}(history_pre, delay_steps)", self.mu)
        )

    def decide(self) -> str:
        """Return the update of the neurons: the shown state or the more probable one, and the change of the bias."""
        # exp overflows beyond about 700. At 700, the probability is 1e-304.
        return "\n".join(
            [
                "energy = -bias + E_in + E_own",
                "probability = 1/(1 + exp(clip(energy/temperature, -700, 700)))",
                "x = recalling*int(energy < 0) + (1 - recalling)*target",
                "surprise = learning*(x - probability)/temperature",
                *self._climb("bias", "", "surprise"),
            ]
        )

    def notice(self) -> str:
        """Return the values that synapses read from both neurons. A separate step lets learning be vectorised."""
        seen = ["surprise_here = surprise_post", "surprise_there = surprise_pre"]
        return "\n".join([*seen, *self._each("own_{m} = gamma_{m}_post", self.mu)])

    def learn(self) -> str:
        """Return the change of the weights."""
        lines = []
        for m in range(1, len(self.lam) + 1):
            lines += self._climb("u", f"_{m}", f"alpha_{m}*surprise_here")
        for m in range(1, len(self.mu) + 1):
            arrives, fires = f"-beta_{m}*surprise_here", f"own_{m}*surprise_there"
            if self.variant == "paper":
                lines += self._climb("v", f"_{m}", f"({arrives} - {fires})")
            else:
                lines += self._climb("v", f"_{m}", f"({arrives})") + self._climb("v", f"_{m}", f"(-{fires})")
        return "\n".join(lines)

    def _climb(self, name: str, index: str, gradient: str) -> list[str]:
        if self.optimizer == "sgd":
            return [f"{name}{index} += rate*{gradient}"]
        squares = f"{name}_squares{index}"
        return [f"{squares} += ({gradient})**2", f"{name}{index} += rate*{gradient}/sqrt({squares} + {TINY})"]

    def remember(self) -> str:
        """Return the traces of the neurons at the end of a step. The newest spike is the lowest bit of the history."""
        return "\n".join(
            [
                *self._each("gamma_{m} = mu_{m}*(gamma_{m} + x)", self.mu),
                f"history = (2*history + int(x)) % {2**LONGEST_HISTORY}",
            ]
        )

    def constants(self) -> dict[str, object]:
        """Return the namespace of all these texts."""
        rates = {f"lambda_{m}": x for m, x in enumerate(self.lam, 1)} | {f"mu_{m}": x for m, x in enumerate(self.mu, 1)}
        return rates | {"temperature": self.temperature, "rate": self.rate} | self._functions()

    def arrived(self, history: np.ndarray, delays: np.ndarray) -> np.ndarray:
        """Return 1 where a spike leaves the queue of a delay, else 0."""
        late = self.timing == "literal"
        spike = (np.asarray(history) >> (np.asarray(delays) - 1 + late)) & 1
        return spike * ((np.asarray(delays) > 1) | (self.variant == "paper")).astype(float)

    def under_way(self, history: np.ndarray, delays: np.ndarray, m: int) -> np.ndarray:
        """Return beta_m, the trace of the spikes in the queues of these delays."""
        history, delays = np.broadcast_arrays(history, delays)
        total, mu = np.zeros(history.shape), self.mu[m - 1]
        for age in range(1, int(delays.max(initial=1))):
            exponent = age if self.variant == "paper" else delays - age
            total += np.where(age < delays, mu ** -np.asarray(exponent, float), 0) * ((history >> (age - 1)) & 1)
        return total

    def _functions(self) -> dict[str, brian2.Function]:
        """Return the Brian2 functions of ``arrived`` and ``under_way``."""
        late = int(self.timing == "literal")
        bit = f"(history >> (d - 1 + {late})) & 1"
        # No branch is needed, because d is at least 1.
        found = {"arrived": f"return {bit};" if self.variant == "paper" else f"return ((d > 1) & {bit});"}
        tables = {"arrived": ""}
        for m, mu in enumerate(self.mu, 1):
            base = 1 / mu if self.variant == "paper" else mu
            scale = "1" if self.variant == "paper" else f"pow({mu!r}, -d)"
            # Eight steps are summed at a time. A table holds the sum over the set bits of each byte.
            tables[f"under_way_{m}"] = (
                f"static const struct Bytes_{m} {{ double sums[256]; Bytes_{m}() {{\n"
                "for (int byte = 0; byte < 256; byte++) {\n"
                "double power = 1; sums[byte] = 0;\n"
                f"for (int bit = 0; bit < 8; bit++) {{ power *= {base!r}; if (byte >> bit & 1) sums[byte] += power; }}"
                f"\n}} }} }} bytes_{m};\n"
            )
            found[f"under_way_{m}"] = (
                "int rest = history & ((1 << (d - 1)) - 1);\n"
                f"double sum = bytes_{m}.sums[rest & 255], power = 1;\n"
                f"while (rest >>= 8) sum += (power *= {base**8!r})*bytes_{m}.sums[rest & 255];\n"
                f"return {scale}*sum;"
            )
        return {name: self._function(name, tables[name], body) for name, body in found.items()}

    def _function(self, name: str, table: str, body: str) -> brian2.Function:
        # Only training needs Brian2, so it is not imported to read a machine.
        import brian2

        m = int(name.rpartition("_")[2]) if table else 0

        def on_numpy(history, delays):
            return self.under_way(history, delays, m) if m else self.arrived(history, delays)

        function = brian2.Function(on_numpy, arg_units=[1, 1], return_unit=1, arg_types=["integer", "integer"])
        function.implementations.add_implementation("numpy", on_numpy)
        code = f"{table}static inline double {name}(const int history, const int d)\n{{\n{body}\n}}"
        function.implementations.add_implementation("cpp", code)
        return function
