"""`python -m tensor_overparam` is `tensor-overparam`."""

import sys

from tensor_overparam.cli.commands import main

sys.exit(main())
