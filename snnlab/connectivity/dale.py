r"""Dale's law in a FORCE network: each neuron is either excitatory or inhibitory, whatever RLS learns.

The feedback of output z = phi' r through the encoder eta adds eta phi' to the recurrent weights. An entry of this
product is kept and doubled if it has the sign s_j of its column, the presynaptic neuron; other entries are 0. With the
positive and the negative part of the encoder, eta = eta+ + eta-, this is equal to two ordinary outputs, z = z+ + z-:

.. math:: 2 [\eta_i \phi_j]_{s_j} = 2 \eta^+_i \phi^+_j + 2 \eta^-_i \phi^-_j,\quad
          \phi^+_j = \phi_j \text{ if } s_j \phi_j > 0 \text{ else } 0,\quad \phi^-_j = \phi_j - \phi^+_j

RLS learns phi for z as usual. Neuron i receives eta_i z + |eta_i| (z+ - z-). The first term is the ordinary feedback,
which is the reason for the doubling. The second term has the same sign for all neurons and is not taught. In our test
networks it stays small if both populations have equal size, as in the source. Each of K outputs is split, so every
column of the total matrix keeps its sign for any K.

Nicola & Clopath 2019, doi:10.1038/s41593-019-0415-2, split the feedback in this way (their scripts, ModelDB 243447).
They do not double it, and they use a factor mu/(1 - mu) for the part of the inhibitory neurons. We leave this factor
out; it is 1 for populations of equal size. With 80 % excitatory neurons and without this factor, our one test network
ran away (LIF, sine, seed 0: above 300 Hz). The 2017 paper mentions networks with Dale's law, but its scripts have none.

``signs`` is 1 or -1 for each neuron. If it is empty, nothing is split.
"""

from __future__ import annotations

import numpy as np


def split_encoder(encoder: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Return the doubled positive and the doubled negative parts of an encoder (n, k), side by side, (n, 2 k)."""
    if not len(signs):
        return encoder
    return 2 * np.hstack([np.maximum(encoder, 0.0), np.minimum(encoder, 0.0)])


def split_decoder(decoder: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Return the decoders of z+ and z-, side by side, shape (n, 2 k), for a decoder of shape (n, k)."""
    if not len(signs):
        return decoder
    first = signs[:, None] * decoder > 0
    return np.hstack([np.where(first, decoder, 0.0), np.where(first, 0.0, decoder)])


def joined(values: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Return the sum of both parts of outputs or decoders: (..., 2 k) -> (..., k)."""
    if not len(signs):
        return values
    k = values.shape[-1] // 2
    return values[..., :k] + values[..., k:]


def learned_weights(encoder: np.ndarray, decoder: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Return the weights that learning adds to the recurrent weights, shape (n, n): eta phi' after Dale's law."""
    return split_encoder(encoder, signs) @ split_decoder(decoder, signs).T
