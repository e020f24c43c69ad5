"""Other libraries' rating predictors as recbench models, compared on the same rows in the same table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from recbench import RatingModel, hookimpl
from recbench_peers import cornac_models, lenskit_models, myfm_models, surprise_models


@hookimpl
def register_models() -> Mapping[str, Callable[..., RatingModel]]:
    """Return the models by name, `model=surprise_svd`; a missing library is an error when its model is selected."""
    return {
        "surprise_baseline": surprise_models.SurpriseBaseline,
        "surprise_knn_item": surprise_models.SurpriseItemKNN,
        "surprise_knn_user": surprise_models.SurpriseUserKNN,
        "surprise_slope_one": surprise_models.SurpriseSlopeOne,
        "surprise_svd": surprise_models.SurpriseSVD,
        "surprise_svdpp": surprise_models.SurpriseSVDpp,
        "cornac_mf": cornac_models.CornacMF,
        "cornac_pmf": cornac_models.CornacPMF,
        "lenskit_bias": lenskit_models.LensKitBias,
        "lenskit_biased_mf": lenskit_models.LensKitBiasedMF,
        "lenskit_item_knn": lenskit_models.LensKitItemKNN,
        "lenskit_user_knn": lenskit_models.LensKitUserKNN,
        "myfm_mf": myfm_models.MyFMMF,
        "myfm_svdpp": myfm_models.MyFMSVDpp,
        "myfm_svdpp_flipped": myfm_models.MyFMFlippedSVDpp,
    }
