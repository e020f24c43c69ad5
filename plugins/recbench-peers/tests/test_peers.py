"""Every adapter passes the checks of a model and predicts what its library predicts; a missing library is an error."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import cast

import numpy as np
import pytest
from recbench_peers import register_models
from recbench_peers.cornac_models import CornacMF, CornacPMF
from recbench_peers.lenskit_models import LensKitBias, LensKitItemKNN
from recbench_peers.myfm_models import MyFMFlippedSVDpp, MyFMMF, MyFMSVDpp
from recbench_peers.peer import PeerModel, library, positions
from recbench_peers.surprise_models import SurpriseBaseline, SurpriseItemKNN, SurpriseSVD, SurpriseUserKNN

from recbench.array_types import FloatArray
from recbench.contracts import RatingDataset
from recbench.registry.registry import installed
from recbench.testing import ModelConformance, toy_ratings
from recbench.testing.toy import COLD_ITEM, all_pairs

DISTRIBUTIONS = {"surprise": "scikit-surprise", "cornac": "cornac", "lenskit": "lenskit", "myfm": "myfm"}
PEERS = cast("dict[str, type[PeerModel]]", dict(register_models()))
here = {name: pytest.mark.skipif(find_spec(name) is None, reason=f"{name} is not installed") for name in DISTRIBUTIONS}


@pytest.mark.parametrize(
    "make_model", [pytest.param(peer, id=name, marks=here[peer.module]) for name, peer in PEERS.items()]
)
class TestEveryPeer(ModelConformance): ...


def test_every_adapter_is_registered_under_its_librarys_name() -> None:
    entries = installed().entries["model"]
    assert {name for name, e in entries.items() if e.distribution == "recbench-peers"} == set(PEERS)
    assert all(name.startswith(f"{peer.module}_") for name, peer in PEERS.items())


@pytest.mark.parametrize("module", DISTRIBUTIONS)
def test_missing_library_is_an_error_with_the_install_command(module: str) -> None:
    missing = f"{module}_of_another_planet"
    with pytest.raises(
        ModuleNotFoundError, match=rf"^planet-{module} is not installed; run pip install '.*\[{missing}\]'"
    ):
        library(missing, f"planet-{module}")


@pytest.mark.parametrize("peer", PEERS.values(), ids=PEERS)
def test_required_module_imports_the_library_or_names_the_install_command(peer: type[PeerModel]) -> None:
    (bridge,) = peer.requires
    if peer.is_installed():
        assert hasattr(import_module(bridge), peer.module)
    else:
        with pytest.raises(
            ModuleNotFoundError, match=f"^{DISTRIBUTIONS[peer.module]} is not installed; run pip install"
        ):
            import_module(bridge)


def test_positions_number_known_indices_and_put_cold_ones_past_the_end() -> None:
    assert positions(np.array([True, False, True, True, False])).tolist() == [0, 3, 1, 2, 3]


@here["surprise"]
@pytest.mark.parametrize(
    ("make_model", "algorithm", "options"),
    [
        (SurpriseBaseline, "BaselineOnly", {"verbose": False}),
        (
            SurpriseItemKNN,
            "KNNBaseline",
            {"sim_options": {"name": "pearson_baseline", "user_based": False}, "verbose": False},
        ),
        (SurpriseUserKNN, "KNNBaseline", {"sim_options": {"name": "pearson_baseline"}, "verbose": False}),
        (SurpriseSVD, "SVD", {"random_state": 0}),
    ],
)
def test_surprise_predicts_the_same_as_through_its_own_reader(
    make_model: type[PeerModel], algorithm: str, options: dict[str, object]
) -> None:
    import pandas as pd
    from recbench_peers.surprise_bridge import surprise

    toy = _as_read()
    frame = pd.DataFrame({"user": toy.user_idx, "item": toy.item_idx, "rating": toy.ratings})
    trainset = surprise.Dataset.load_from_df(frame, surprise.Reader(rating_scale=(1, 5))).build_full_trainset()
    itself = getattr(surprise, algorithm)(**options).fit(trainset)
    users, items = all_pairs(toy)
    expected = [itself.predict(u, i).est for u, i in zip(users.tolist(), items.tolist(), strict=True)]
    assert np.allclose(expected, make_model().fit(toy).predict(users, items), atol=1e-9)


@here["cornac"]
@pytest.mark.parametrize(("make_model", "name"), [(CornacMF, "MF"), (CornacPMF, "PMF")])
def test_cornac_predicts_the_same_as_through_its_own_builder(make_model: type[PeerModel], name: str) -> None:
    from recbench_peers.cornac_bridge import cornac

    toy = _as_read()
    rows = list(zip(toy.user_idx.tolist(), toy.item_idx.tolist(), toy.ratings.tolist(), strict=True))
    dataset = cornac.data.Dataset.from_uir(rows)
    itself = getattr(cornac.models, name)(seed=0).fit(dataset)
    users, items = toy.user_idx, toy.item_idx
    places = zip(map(dataset.uid_map.get, users.tolist()), map(dataset.iid_map.get, items.tolist()), strict=True)
    expected = [float(itself.rate(u, i)) for u, i in places]
    assert np.allclose(expected, make_model().fit(toy).predict(users, items), atol=1e-5)


@here["lenskit"]
def test_lenskit_does_not_take_user_0_for_an_unknown_user() -> None:
    from recbench_peers.lenskit_bridge import lenskit

    toy = toy_ratings()
    model = LensKitBias().fit(toy)
    biases = lenskit.basic.BiasModel.learn(_lenskit_data(toy), 0.0)
    expected = biases.global_bias + biases.item_biases[:9] + biases.user_biases[0]
    assert np.allclose(expected, model.predict(np.zeros(9, np.int32), np.arange(9)), atol=1e-5)


@here["lenskit"]
def test_lenskit_predictions_keep_the_order_of_pairs_and_repeats() -> None:
    model = LensKitItemKNN().fit(toy_ratings())
    users, items = np.array([7, 2, 7, 2, 7]), np.array([3, 1, 0, 1, 3])
    one_by_one = [model.predict(users[[row]], items[[row]])[0] for row in range(5)]
    assert np.allclose(one_by_one, model.predict(users, items), atol=1e-6)


@here["myfm"]
@pytest.mark.parametrize("make_model", [MyFMMF, MyFMSVDpp, MyFMFlippedSVDpp])
def test_myfm_fits_the_toy_ratings_better_than_their_mean(make_model: type[PeerModel]) -> None:
    toy = toy_ratings()
    predicted = make_model().fit(toy).predict(toy.user_idx, toy.item_idx)
    assert _rmse(toy, predicted) < 0.8 * float(toy.ratings.std())


@here["myfm"]
def test_implicit_features_are_the_rated_items_with_length_one() -> None:
    from recbench_peers.myfm_bridge import blocks

    toy = toy_ratings()
    known_users, known_items = (np.bincount(i, minlength=n) > 0 for i, n in ((toy.user_idx, 12), (toy.item_idx, 10)))
    (_, of_users), (_, of_items) = blocks(toy, known_users, known_items, "both")
    assert of_users.shape == (12, 9)
    assert of_items.shape == (10, 11)
    lengths = np.sqrt((of_users.toarray() ** 2).sum(axis=1))
    assert np.allclose(lengths, known_users)
    assert np.array_equal(of_users.toarray()[:11] > 0, (of_items.toarray() > 0)[:9].T)


def _lenskit_data(dataset: RatingDataset) -> object:
    import pandas as pd
    from recbench_peers.lenskit_bridge import data

    return data.from_interactions_df(
        pd.DataFrame({"user_id": dataset.user_idx, "item_id": dataset.item_idx, "rating": dataset.ratings})
    )


def _as_read() -> RatingDataset:
    """Return the toy ratings as the libraries' own readers number them: sorted by user, ids in order of appearance."""
    toy = toy_ratings()
    toy = toy.take(np.lexsort((toy.item_idx, toy.user_idx)))
    first_seen = list(dict.fromkeys(toy.item_idx.tolist()))
    renumbered = np.argsort([*first_seen, COLD_ITEM])
    return replace(toy, item_idx=renumbered[toy.item_idx])


def _rmse(dataset: RatingDataset, predicted: FloatArray) -> float:
    return float(np.sqrt(np.mean((dataset.ratings - predicted) ** 2)))
