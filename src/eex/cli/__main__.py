"""`python -m eex.cli` is `eex`."""

from eex.cli import main

main()
