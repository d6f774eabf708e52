"""A tensor in, its components out, and what can be said about them.

- `decompose` finds the components of a tensor or of data; their number is found, not given;
- `Decomposition` is the answer: weights, vectors, what is left over, and a report in words;
- `VERDICTS` are the seven words that an answer ends with, each with its sentence and exit code;
- `Stage` is what one stage of the search left, and `Look` where the search stands: what a watcher is shown.

What can be trusted about an answer:

- `certify` looks at uniqueness and condition, and returns a `Certificate`;
- `uniqueness` asks whether there is another decomposition with so few terms;
- `condition_number` says how far components move when the tensor changes.
"""

from tensor_overparam.decomposition.answer import decompose
from tensor_overparam.decomposition.certificate import Certificate, certify, condition_number, uniqueness
from tensor_overparam.decomposition.problem import Look, Stage
from tensor_overparam.decomposition.report import VERDICTS, Decomposition

__all__ = [
    "decompose",
    "Decomposition",
    "VERDICTS",
    "Stage",
    "Look",
    "certify",
    "Certificate",
    "uniqueness",
    "condition_number",
]


def __dir__():
    """Return the names that people come for."""
    return sorted(__all__)
