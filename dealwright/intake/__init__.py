"""Intake: what comes in over HTTP is verified, appended and only then acknowledged."""
