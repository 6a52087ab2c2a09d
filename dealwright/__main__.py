"""`python -m dealwright` is the command line."""

from __future__ import annotations

from dealwright.cli.main import main

main()
