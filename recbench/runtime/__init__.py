"""Process-level services for every layer: memoized work, CPU time, memory, threads, seeds, locks, read-only arrays."""
