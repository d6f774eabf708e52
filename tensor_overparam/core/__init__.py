"""The ground: a loop that iterates and records, and claims that hold a prediction against a measurement.

Nothing here knows what a tensor is.

The loop: an algorithm is a *step function*, from parameters to a `Move`.

- `iterate` follows a step function and yields a `State` after each step;
- `run` follows it to its end and returns a `Run`;
- `Move` is what a step function answers: new parameters, time, loss;
- `State` is a point on the way, all that is needed to go on from there;
- `Run` is what a training run leaves behind: times, records, the last state, why it stopped;
- `Result` is what every trainer returns: what came out, with its run, and one number for how far it is from its goal;
- `Stop` says why, in a sentence;
- `join` makes one run of two, one after the other.

Claims:

- `Claim` is a statement of a paper with the experiment that can contradict it;
- `Prediction` is what a theorem says about a quantity;
- `compare` holds a prediction against a measurement;
- `Comparison` is the result, with a verdict.
"""

from tensor_overparam.core.claim import Claim, Comparison, Prediction, compare
from tensor_overparam.core.loop import Move, Result, Run, State, Stop, iterate, join, run

__all__ = [
    "Move",
    "iterate",
    "State",
    "run",
    "Run",
    "Result",
    "Stop",
    "join",
    "Claim",
    "Prediction",
    "compare",
    "Comparison",
]


def __dir__():
    """Return the names that people come for."""
    return sorted(__all__)
