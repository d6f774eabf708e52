"""What a user writes, with the types that come back: checked strictly by mypy, and never run.

    mypy            what pre-commit and CI run

`reveal_type(decompose(T))` in a file of your own shows the same in your editor.
"""

from pathlib import Path
from typing import Any, assert_type, cast

import numpy as np
from numpy.typing import NDArray

import tensor_overparam as to
from tensor_overparam import (
    Decomposition,
    Dense,
    Diverged,
    Factored,
    Fit,
    Target,
    decompose,
    explore,
    gradient_descent,
    lazy_fit,
    lazy_width,
    modified_gd,
    sweep,
    symmetrize,
)
from tensor_overparam.cli import main
from tensor_overparam.core import Comparison, Prediction, Run, Stop, compare
from tensor_overparam.data import Mixture, Sources, SymmetricICA, Whitening, ica, mixture, whitening
from tensor_overparam.decomposition import Certificate, Look, certify, condition_number, uniqueness
from tensor_overparam.descent import als, classify, deflation_flow, lazy_flow, lazy_gd, scaled_gd
from tensor_overparam.explorers import Explorer
from tensor_overparam.implicit_bias import Descent, descend, gaussian_regression, min_norm, wilson_data
from tensor_overparam.ledger import Report, check_target, report
from tensor_overparam.nets import NetFit, QuadraticTeacher, nn_risk, rf_risk, train_net
from tensor_overparam.plots import headline, loss_curve
from tensor_overparam.rotation import minimise_energy, rotated_fit
from tensor_overparam.sweeps import Curve, SweepStore, Threshold, curve, threshold
from tensor_overparam.tensors import Sum, correlated, gaussian, moment, orthogonal, recovery, with_noise

FloatArray = NDArray[np.float64]


class Spiked:
    """A target of one's own: three members, and nothing to inherit."""

    order = 3

    def __init__(self, dim: int) -> None:
        """Remember the dimension."""
        self.dim = dim

    def contract(self, C: FloatArray) -> FloatArray:
        """Contract."""
        return C**2


def tensors(T: FloatArray, X: FloatArray) -> None:
    """Make targets."""
    assert_type(gaussian(8, 2, 3, rng=np.random.default_rng(0)), Factored)
    assert_type(orthogonal(8, 2, 3, weights=[1.0, 2.0]), Factored)
    assert_type(correlated(8, 2, 3, coherence=0.2), Factored)
    assert_type(moment(X, 3), Factored | Dense)
    assert_type(with_noise(Dense(T), 0.1, rng=1), Sum)
    assert_type(Dense(T) - gaussian(8, 2, 3), Sum)
    assert_type(2 * Dense(T) - Spiked(8), Sum)
    assert_type(Dense(T) * 2, Dense)
    assert_type(Factored(1.0, [[1.0, 0.0]], order=3).dim, int)
    targets: list[Target] = [Dense(T), Factored(1.0, X, 3), Dense(T) - Dense(T), Spiked(8)]
    assert_type(targets[0].order, int)
    symmetrize(T)
    recovery(Factored(1.0, X, 3), Factored(1.0, X, 3))


def watch(look: Look) -> None:
    """See where a search stands."""
    print(look.width, look.verdict)


def decomposing(T: FloatArray, folder: Path) -> None:
    """Take a tensor apart."""
    D = decompose(T, tol=1e-8, rng=0, tell=watch, start=gaussian(8, 2, 3))
    assert_type(D, Decomposition)
    assert_type(D.rank, int)
    assert_type(D.weights, FloatArray)
    assert_type(D.certificate, Certificate)
    D.save(folder / "found.npz")
    assert_type(Decomposition.load("found.npz"), Decomposition)
    assert_type(certify(D.vectors, 3, 8, 1e-9), Certificate)
    assert_type(condition_number(D.vectors, 3, 8), float)
    uniqueness(D.vectors, 3)
    decompose(Spiked(8), rank=2, seconds=1.0)


def training(T: FloatArray) -> None:
    """Train on a target: one run for one seed, a list of them for many."""
    try:
        fit: Fit = modified_gd(T, width=6, rng=0)
    except Diverged as error:
        print(error)
        return
    assert_type(fit.student, Target)
    assert_type(fit.error, float)
    assert_type(fit.stop, Stop)
    assert_type(fit.run, Run)
    assert_type(fit.trace, dict[str, Any])
    many = cast(list[Fit], gradient_descent(T, 6, rng=[0, 1, 2], every=10))
    print(many[0].relative_error, lazy_fit(T, 6).unexplained)
    assert_type(lazy_width(40, 3), int)
    assert_type(lazy_gd(Spiked(8), 6), Fit)
    for trainer in (als, deflation_flow, scaled_gd):
        print(trainer(T, 6, rng=0))
    print(lazy_flow(T, T[0]), classify(T, gaussian(8, 2, 3)))


def everything_else(X: FloatArray, folder: Path) -> None:
    """Call the other wings."""
    assert_type(ica(X), Sources)
    assert_type(ica(lambda: iter([X, X])).transform(X), FloatArray)
    assert_type(mixture([X, X], 3), Mixture)
    assert_type(whitening(X), Whitening)
    assert_type(SymmetricICA(n_components=2).fit(X).transform(X), FloatArray)
    assert_type(descend(X, X[:, 0], "adam", learning_rate=0.1), Descent)
    assert_type(min_norm(*gaussian_regression()[:2]), FloatArray)
    assert_type(wilson_data(6, 4), tuple[FloatArray, FloatArray])
    net: NetFit = train_net(QuadraticTeacher(np.eye(3)), 4, rng=0)
    assert_type(net.error, float)
    assert_type(nn_risk(np.eye(3), 2), float)
    print(rf_risk(np.eye(3), X))
    assert_type(minimise_energy(X), FloatArray)
    print(rotated_fit(gaussian(4, 2, 3), X).errors)
    table: np.ndarray[Any, Any] = sweep(len, {"width": [1, 2]}, range(3), folder / "runs.db")
    print(table["width"])
    assert_type(threshold(lambda width, seed: width > 3, (1, 9)), Threshold)
    assert_type(curve("dim", (10, 20), SweepStore("runs.db"), algorithm="modified"), Curve)
    assert_type(compare(Prediction("here", "loss", "equal", 1.0), [1.0]), Comparison)
    assert_type(report(["upper bound"]), Report)
    assert_type(check_target(gaussian(4, 2, 3)), Report)
    assert_type(explore("lazy-modified", width=[1, 2]), Explorer)
    assert_type(main(["phase", "--list"]), int)
    loss_curve(net).set_title("loss")
    headline(None).savefig("headline.png")
    assert_type(to.__version__, str)
