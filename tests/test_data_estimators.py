"""The estimators have scikit-learn's manners; scikit-learn is the judge."""

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the estimators come with the data extra")

from sklearn.base import clone  # noqa: E402
from sklearn.exceptions import ConvergenceWarning, NotFittedError  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import estimator_checks_generator  # noqa: E402

from tensor_overparam.data import MomentMixture, SymmetricICA, ica  # noqa: E402

ESTIMATORS = [SymmetricICA(), SymmetricICA(2, order=3, tanh=True), MomentMixture()]
CHECKS = [(model, check) for estimator in ESTIMATORS for model, check in estimator_checks_generator(estimator)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=lambda x: getattr(getattr(x, "func", x), "__name__", ""))
def test_check_estimator(estimator, check):
    check(estimator)


def signals(n=4000, noisy=0, count=3, seed=0):
    """Return the signals of scikit-learn's example, mixed, with extra channels of noise."""
    time, rng = np.linspace(0, 8, n), np.random.default_rng(seed)
    S = np.column_stack([np.sin(2 * time), np.sign(np.sin(3 * time)), 2 * (time % 1) - 1])[:, :count]
    S = S + 0.2 * rng.normal(size=S.shape)
    A = np.array([[1, 1, 1], [0.5, 2, 1], [1.5, 1, 2]])[:count, :count]
    X = np.column_stack([S / S.std(0) @ A.T, rng.normal(size=(n, noisy))])
    return S, X @ np.linalg.qr(rng.normal(size=(count + noisy,) * 2))[0]


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("noisy", [0, 3])
def test_the_example_of_blind_separation(count, noisy):
    S, X = signals(noisy=noisy, count=count)
    model = make_pipeline(StandardScaler(), SymmetricICA())
    found = model.fit_transform(X)
    assert model[-1].n_components_ == count and (model[-1].significance_ == "source").all()
    assert (abs(np.corrcoef(S.T, found.T)[:count, count:]).max(1) > 0.95).all()


def test_it_is_the_function_with_manners():
    _, X = signals(noisy=2)
    model, found = SymmetricICA(random_state=3).fit(X), ica(X, rng=3)
    keep = found.significance == "source"
    assert (model.components_ == found.unmixing[keep]).all() and (model.mean_ == found.mean).all()
    assert (model.sources_.unmixing == found.unmixing).all() and model.n_iter_ == found.passes
    assert np.allclose(model.transform(X), found.transform(X)[:, keep])


def test_blocks_go_in_as_well():
    _, X = signals()
    whole = SymmetricICA().fit(X)
    for data in (np.array_split(X, 5), lambda: iter(np.array_split(X, 7))):
        model = SymmetricICA().fit(data)
        assert (model.components_ == whole.components_).all() and model.n_features_in_ == 3
        assert model.transform(X).shape == (len(X), 3)
    rng = np.random.default_rng(0)
    X = rng.choice([-5.0, 5.0], size=3000)[:, None] * [1, 0, 0] + rng.normal(size=(3000, 3))
    model = MomentMixture().fit(np.array_split(X, 5))
    assert (model.means_ == MomentMixture().fit(X).means_).all() and model.n_components_ == 2
    assert np.allclose(model.predict_proba(X).sum(1), 1) and np.isclose(model.score(X), model.score_samples(X).mean())


def test_there_and_back_and_names():
    _, X = signals()
    model = SymmetricICA().fit(X)
    assert np.allclose(model.inverse_transform(model.transform(X)), X)
    assert model.get_feature_names_out().tolist() == ["symmetricica0", "symmetricica1", "symmetricica2"]
    with pytest.raises(ValueError, match="2 columns"):
        model.inverse_transform(X[:, :2])
    with pytest.raises(NotFittedError):
        clone(model).transform(X)


def test_a_random_state_is_an_answer_that_can_be_repeated():
    _, X = signals()
    first, again = (SymmetricICA(random_state=np.random.RandomState(5)).fit(X).components_ for _ in range(2))
    assert (first == again).all()
    assert (SymmetricICA().fit(X).components_ == SymmetricICA().fit(X).components_).all()


def test_what_is_noticed_is_a_convergence_warning():
    _, X = signals()
    with pytest.warns(ConvergenceWarning, match="did not settle in 1 passes.*Allow more passes"):
        SymmetricICA(max_iter=1).fit(X)
    noise = np.random.default_rng(0).normal(size=(2000, 4))
    with pytest.warns(ConvergenceWarning, match="no direction stands out"):
        model = SymmetricICA().fit(noise)
    assert model.n_components_ == 0 and model.transform(noise).shape == (2000, 0)


def test_without_scikit_learn_there_are_the_functions():
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import numpy as np, tensor_overparam.data as data\n"
        "assert data.ica(np.random.default_rng(0).uniform(size=(2000, 2))).count == 2\n"
        "try: data.SymmetricICA\n"
        "except ImportError as error: assert 'tensor_overparam[data]' in str(error)\n"
        "else: raise AssertionError\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    loaded = "import sys, tensor_overparam.data; assert 'sklearn' not in sys.modules"
    subprocess.run([sys.executable, "-c", loaded], check=True)
