"""`python -m backline.cli` is the command `backline`."""

import sys

from backline.cli import main

sys.exit(main())
