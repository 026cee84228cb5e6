"""MNIST beside reservoirpy: the same reservoir, states and readout, accuracy and CPU time in one run. Run alone.

It needs the images (`snnlab data get mnist`); without them it uses the small digits of scikit-learn.
"""

import time

import numpy as np
from reservoirpy.nodes import Reservoir
from threadpoolctl import threadpool_limits

from snnlab.errors import SnnlabError
from snnlab.learning.streams import score_all
from snnlab.networks.reservoir.train import choose_steps
from snnlab.networks.reservoir.units import random_reservoir
from snnlab.stimuli.pictures.images import load_images

N, SNAPSHOTS = 500, 4


def images():
    try:
        return "mnist", *load_images("mnist")
    except SnnlabError:
        return "digits", *load_images("digits")


def test_states_and_accuracy_of_both_libraries():
    name, train, test = images()
    _, steps, inputs = train.images.shape
    kept, held_out = choose_steps(steps, SNAPSHOTS), len(train.labels) // 10
    # In this form f is applied to the input; reservoirpy calls it internal.
    ours = random_reservoir(N, inputs, np.random.default_rng(0), density=10 / N, form="rate")
    theirs = Reservoir(W=ours.matrix.tocsr(), Win=ours.w_in, bias=np.zeros(N), lr=ours.leak, input_dim=inputs)

    theirs.initialize(train.sequences([0])[0])

    def with_reservoirpy(sequences):
        theirs.reset()
        return theirs.run(sequences)[:, kept].reshape(len(sequences), -1)

    def with_snnlab(sequences):
        return ours.states(sequences, kept).reshape(len(sequences), -1)

    few = train.sequences(np.arange(20))
    np.testing.assert_allclose(with_reservoirpy(few), with_snnlab(few), atol=1e-12)
    found, seconds = {}, {}
    with threadpool_limits(1):
        for label, features in (("snnlab", with_snnlab), ("reservoirpy", with_reservoirpy)):
            start = time.process_time()
            found[label] = score_all(features, N * SNAPSHOTS, train, test, held_out).test
            seconds[label] = time.process_time() - start
    print(
        f"\n{name}, {N} units, {SNAPSHOTS} states, {len(train.labels):,} / {len(test.labels):,} images, states and "
        f"readout: snnlab {seconds['snnlab']:.0f} CPU s, reservoirpy {seconds['reservoirpy']:.0f} "
        f"({seconds['reservoirpy'] / seconds['snnlab']:.1f} x); right {100 * found['snnlab']:.2f} and "
        f"{100 * found['reservoirpy']:.2f} %"
    )
    assert abs(found["snnlab"] - found["reservoirpy"]) < 1e-3
    assert seconds["reservoirpy"] > seconds["snnlab"]
