"""Feedback of many outputs through one n x n matrix E phi', at a cost that does not depend on the number of outputs.

Output and feedback are linear in the same filtered spikes, z = phi' r and E z = (E phi') r. The feedback current
therefore gets the same filter, and no matrix product is needed per step:

    feedback current  dI_fb/dt = -I_fb/tau_rise + h_I_fb;  a spike of j: h_I_fb,i += M_ij/(tau_rise tau_decay)
    a step of RLS     M -= u k', I_fb -= u (k'r), h_I_fb -= u (k'h_r)  with M = E phi', u = E e
    with gain k       phi -= k e', z -= e (k'r), h_z -= e (k'h_r)

force/cpp/folding.h does the same in C++, where the changes of M and phi are made for each neuron when it fires.
"""

from __future__ import annotations

import numpy as np
import scipy
import threadpoolctl


def worth_folding(n: int, k: int, rls_steps: int | None) -> bool:
    """Tell whether folding is faster than the product E z for the feedback of k outputs to n neurons.

    ``rls_steps`` is the number of steps between two updates. Measured in the C++ program, the product E z takes 1.2 ns
    for each output, neuron and step. With folding, each neuron and step takes 2.4 ns, and an update takes 0.16 ns for
    each of the n x n entries of M. None means that nothing learns and Python adds the spikes. Both methods then have
    the same cost at 12 outputs.
    """
    return k > (2 + 0.13 * n / rls_steps if rls_steps else 12)


class Folding:
    """The states of a folded network that Brian2 does not update: decoder, M, and the effect of spikes.

    Parameters
    ----------
    encoder : array of shape (n, k)
    jump : array of shape (states,)
        Change of each state of the filter by a spike of weight 1.
    rates, outputs, feedback : lists of views
        States of the filter for r, shape (n,), z, shape (k,), and I_fb, shape (n,).
    """

    def __init__(self, encoder: np.ndarray, jump: np.ndarray, rates: list, outputs: list, feedback: list):
        self._encoder = encoder
        self._states = list(zip(jump, rates, outputs, feedback, strict=True))
        self.decoder = np.zeros_like(encoder)
        self._matrix = np.zeros((len(encoder), len(encoder)), order="F")

    def set_encoder(self, encoder: np.ndarray) -> None:
        """Set the encoder, shape (n, k), and all values that depend on it."""
        self._encoder = encoder
        self.set_decoder(self.decoder)

    def set_decoder(self, phi: np.ndarray) -> None:
        """Set the decoder, shape (n, k), and all values that depend on it."""
        self.decoder = np.array(phi, order="C")
        with threadpoolctl.threadpool_limits(1):
            # As the transpose of a product, its columns are contiguous in memory.
            self._matrix = (self.decoder @ self._encoder.T).T
        for _, rate, output, feedback in self._states:
            np.dot(rate, self.decoder, out=output)
            np.dot(self._encoder, output, out=feedback)

    def learn(self, gain: np.ndarray, error: np.ndarray) -> None:
        """Make one step of RLS: phi -= gain error'."""
        change = self._encoder @ error
        self.decoder -= np.outer(gain, error)
        self._matrix = scipy.linalg.blas.dger(-1.0, change, gain, a=self._matrix, overwrite_a=1)
        for _, rate, output, feedback in self._states:
            size = gain @ rate
            output -= error * size
            feedback -= change * size

    def spike(self, neurons: np.ndarray) -> None:
        """Add the effect of the spikes of these neurons to outputs and feedback."""
        if not len(neurons):
            return
        fed, out = self._matrix[:, neurons].sum(axis=1), self.decoder[neurons].sum(axis=0)
        for jump, _, output, feedback in self._states:
            if jump:
                output += jump * out
                feedback += jump * fed
