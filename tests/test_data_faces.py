"""What says how sure an answer is lies where one looks for it."""

import numpy as np
import pytest

from tensor_overparam import decompose
from tensor_overparam.data import ica, replication
from tensor_overparam.tensors import cumulant4


def test_replication_is_on_the_face_and_likeness_a_method():
    rng = np.random.default_rng(0)
    X = rng.laplace(size=(10_000, 3)) @ rng.normal(size=(3, 3))
    found = ica(X)
    assert replication(X, found).leakage.max() < 0.1
    assert found.likeness(found) > 1 - 1e-9
    D = decompose(cumulant4(X))
    assert found.likeness(D) > 1 - 1e-9 and D.likeness(found) == found.likeness(D) and D.likeness(D.target) > 1 - 1e-9
    assert D.likeness(D.vectors[:2]) == pytest.approx(2 / 3)
    assert found.likeness(ica(X[:5000])) > 0.95
    assert found.likeness(ica(rng.laplace(size=(10_000, 3)) @ rng.normal(size=(3, 3)))) < 0.95
