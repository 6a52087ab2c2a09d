"""The gate's guards, one rule each. The gate (engine/gate.py) asks them in one order."""
