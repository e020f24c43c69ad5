"""Process-level services for every layer: memoized work, CPU time and memory, threads, seeds, locks, read-only arrays."""
