"""`python -m rawnl`: the same as the command `rawnl`."""

import sys

from rawnl.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
