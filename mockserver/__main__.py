"""`python -m mockserver` is `mockserver`."""

import sys

from .cli import main

sys.exit(main())
