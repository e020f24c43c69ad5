"""Seeds derived from one seed: the same on every platform, and different for every name."""

from __future__ import annotations

import hashlib
import json

SEEDS = 2**31  # derived seeds are below this: every library accepts them, as a signed 32-bit number too


def derive_seed(seed: int, *names: str | int) -> int:
    """Return `seed` itself without names; with names, an integer in 0 … 2³¹ − 1 that looks unrelated to it.

        derive_seed(seed, n₁, n₂, …) = the first 4 bytes of SHA-256(JSON [seed, n₁, n₂, …]), modulo 2³¹

    Use it wherever one seed needs several: `derive_seed(seed, "network", 2)`. With `seed + 2` instead, replicates of
    consecutive seeds (`seed=1,2,3`) would share random numbers and spread too little. Two different lists of a seed
    and names have the same derived seed with probability 2⁻³¹. The names 1 and "1" differ.
    """
    if not names:
        return seed
    digest = hashlib.sha256(json.dumps([seed, *names]).encode()).digest()
    return int.from_bytes(digest[:4], "big") % SEEDS
