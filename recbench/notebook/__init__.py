"""recbench in a notebook: `evaluate` and `compare`."""
