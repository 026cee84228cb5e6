r"""Dale's law in a FORCE network: each neuron only excites or only inhibits, whatever RLS learns.

The feedback of output z = phi' r through the encoder eta adds eta phi' to the recurrent weights. Of that product only
the entries are kept that have the sign s_j of their column, the presynaptic neuron, and they are doubled. With the
positive and the negative part of the encoder, eta = eta+ + eta-, that are again two ordinary outputs, z = z+ + z-:

.. math:: 2 [\eta_i \phi_j]_{s_j} = 2 \eta^+_i \phi^+_j + 2 \eta^-_i \phi^-_j,\quad
          \phi^+_j = \phi_j \text{ if } s_j \phi_j > 0 \text{ else } 0,\quad \phi^-_j = \phi_j - \phi^+_j

RLS learns phi for z as ever. Neuron i gets eta_i z + |eta_i| (z+ - z-): the feedback as it was, which is why the
product is doubled, and a part of one sign for all neurons that nobody teaches. In the networks that we tried it stays
small where both populations are of equal size, as in the source. With K outputs each is split, so every column of the
total matrix keeps its sign whatever K.

Nicola & Clopath 2019, doi:10.1038/s41593-019-0415-2, split in this way (their scripts, ModelDB 243447), without the
doubling, and with a factor mu/(1 - mu) for the inhibitory neurons' part that we leave out: it is 1 for populations of
equal size. With 80 % excitatory neurons and without that factor the one network that we tried ran away (LIF, sine, seed
0: above 300 Hz). The 2017 paper names networks with Dale's law, but no script of it shows how.

``signs`` is 1 or -1 for each neuron; where it is empty, nothing is split.
"""

from __future__ import annotations

import numpy as np


def split_encoder(encoder: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Return twice the positive parts beside twice the negative parts, shape (n, 2 k), of an encoder (n, k)."""
    if not len(signs):
        return encoder
    return 2 * np.hstack([np.maximum(encoder, 0.0), np.minimum(encoder, 0.0)])


def split_decoder(decoder: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Return the decoders of z+ beside those of z-, shape (n, 2 k), of a decoder of shape (n, k)."""
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
    """Return what learning added to the recurrent weights, shape (n, n): eta phi', of it what the signs leave."""
    return split_encoder(encoder, signs) @ split_decoder(decoder, signs).T
