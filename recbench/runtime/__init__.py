"""What every layer may use: memory, time, threads, seeds, locks, read-only arrays."""
