"""What every layer may use: memory, time, threads, locks, read-only arrays."""
