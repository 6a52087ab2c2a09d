"""Everything that touches Prefect: the server, the recorder, the buttons, the compiled flows, `up` and `demo`."""
