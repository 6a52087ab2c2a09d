"""Runs the simulated Kommo as a process of its own."""

from __future__ import annotations

from dealwright_kommo.simulator.command import main

if __name__ == "__main__":
    main()
