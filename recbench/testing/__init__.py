"""Conformance kits: checks that every model, dataset and metric must pass.

A plugin runs them as its own tests with pytest, in four lines:

    import pytest
    from recbench.testing import ModelConformance
    from recbench_slope_one import SlopeOne

    @pytest.mark.parametrize("make_model", [SlopeOne])
    class TestSlopeOne(ModelConformance): ...

Each check is a plain function that raises AssertionError with what it found and what to do: call one by itself to
debug it. `recbench check NAME` runs them without pytest. `toy_ratings` is the small dataset that they use.
"""

from recbench.testing.datasets import DatasetConformance
from recbench.testing.metrics import MetricConformance
from recbench.testing.model_suite import ModelConformance
from recbench.testing.toy import toy_ratings

__all__ = ["DatasetConformance", "MetricConformance", "ModelConformance", "toy_ratings"]
