"""The engine: decides what follows an event, asks the gate, acts and settles. Journal and clock are given to it."""
