"""The conformance kits: the laws that every model, data set and metric keeps.

A plugin runs them over itself with pytest in four lines:

    import pytest
    from recbench.testing import ModelConformance
    from recbench_slope_one import SlopeOne

    @pytest.mark.parametrize("make_model", [SlopeOne])
    class TestSlopeOne(ModelConformance): ...

The laws are plain functions: call one by itself to see what broke.
"""

from recbench.testing.datasets import DatasetConformance
from recbench.testing.metrics import MetricConformance
from recbench.testing.model_suite import ModelConformance
from recbench.testing.toy import toy_ratings

__all__ = ["DatasetConformance", "MetricConformance", "ModelConformance", "toy_ratings"]
