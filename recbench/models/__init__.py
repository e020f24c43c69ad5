"""The built-in models, one file a family."""

from collections.abc import Callable, Mapping

from recbench.contracts import RatingModel
from recbench.hookspecs import hookimpl
from recbench.models.autorec import AutoRec
from recbench.models.bayes_fm import BayesFM
from recbench.models.bayes_mf import BayesMF
from recbench.models.bias import Bias
from recbench.models.content import Content
from recbench.models.factorization import MF
from recbench.models.means import GlobalMean, ItemMean, UserMean
from recbench.models.ncf import NCF
from recbench.models.neighbours import ItemKNN, UserKNN
from recbench.models.stack import Stack
from recbench.models.svdpp import SVDpp


@hookimpl
def register_models() -> Mapping[str, Callable[..., RatingModel]]:
    """Name to class: the one list of built-in models."""
    return {
        "global_mean": GlobalMean,
        "user_mean": UserMean,
        "item_mean": ItemMean,
        "bias": Bias,
        "user_knn": UserKNN,
        "item_knn": ItemKNN,
        "mf": MF,
        "svdpp": SVDpp,
        "bayes_mf": BayesMF,
        "bayes_fm": BayesFM,
        "ncf": NCF,
        "autorec": AutoRec,
        "content": Content,
        "stack": Stack,
    }
