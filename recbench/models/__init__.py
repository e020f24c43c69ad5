"""The built-in models, one folder per family."""

from collections.abc import Callable, Mapping

from recbench.contracts import RatingModel
from recbench.hookspecs import hookimpl
from recbench.models.baselines.bias import Bias
from recbench.models.baselines.means import GlobalMean, ItemMean, UserMean
from recbench.models.bayes.fm import BayesFM
from recbench.models.bayes.mf import BayesMF
from recbench.models.content.content import Content
from recbench.models.factorization.mf import MF
from recbench.models.factorization.svdpp import SVDpp
from recbench.models.neighbors.knn import ItemKNN, UserKNN
from recbench.models.neural.autorec import AutoRec
from recbench.models.neural.ncf import NCF
from recbench.models.stack.stack import Stack


@hookimpl
def register_models() -> Mapping[str, Callable[..., RatingModel]]:
    """Return the class of each built-in model by its name."""
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
