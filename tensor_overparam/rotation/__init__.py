"""Orthogonal over-parameterised training: neurons are fixed, and only a rotation of them is learned.

Rotations from plain numbers:

- `ROTATIONS` are the ways to make one, by name, each with gradients;
- `cayley` is the Cayley transform;
- `procrustes` is the rotation that best carries one set of vectors to another.

Energy, the reason that was given for it:

- `hyperspherical_energy` measures how crowded directions are, `mean_energy` is that of random ones, and
  `minimise_energy` spreads them out.

Training:

- `METHODS` are the ways to train a first layer, by name;
- `teacher_student` makes a task, `train_neurons` trains on it, `energy_curve` watches the energy of a small one.

The same idea for tensors:

- `rotated_fit` turns fixed components together to fit a tensor, and `rotated_width` is how many that takes.
"""

from tensor_overparam.rotation.energy import hyperspherical_energy, mean_energy, minimise_energy
from tensor_overparam.rotation.maps import ROTATIONS, cayley, procrustes
from tensor_overparam.rotation.tensors import rotated_fit, rotated_width
from tensor_overparam.rotation.training import METHODS, energy_curve, teacher_student, train_neurons

__all__ = [
    "ROTATIONS",
    "cayley",
    "procrustes",
    "hyperspherical_energy",
    "mean_energy",
    "minimise_energy",
    "METHODS",
    "teacher_student",
    "train_neurons",
    "energy_curve",
    "rotated_fit",
    "rotated_width",
]


def __dir__():
    """Return the names that people come for."""
    return sorted(__all__)
