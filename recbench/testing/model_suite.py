"""The laws of a model as tests."""

from __future__ import annotations

from recbench.testing import behavior
from recbench.testing import models as laws


class ModelConformance:
    """Every law as a test; parametrize the class with `make_model`."""

    def test_constructing_computes_nothing(self, make_model: laws.MakeModel) -> None:
        laws.check_constructing_computes_nothing(make_model)

    def test_predict_before_fit_raises(self, make_model: laws.MakeModel) -> None:
        laws.check_predict_before_fit_raises(make_model)

    def test_fit_returns_the_model(self, make_model: laws.MakeModel) -> None:
        laws.check_fit_returns_the_model(make_model)

    def test_every_pair_gets_a_finite_float(self, make_model: laws.MakeModel) -> None:
        laws.check_every_pair_gets_a_finite_float(make_model)

    def test_no_pairs_no_predictions(self, make_model: laws.MakeModel) -> None:
        laws.check_no_pairs_no_predictions(make_model)

    def test_zero_is_a_rating(self, make_model: laws.MakeModel) -> None:
        laws.check_zero_is_a_rating(make_model)

    def test_same_seed_same_predictions(self, make_model: laws.MakeModel) -> None:
        laws.check_same_seed_same_predictions(make_model)

    def test_fitting_twice_equals_fitting_once(self, make_model: laws.MakeModel) -> None:
        laws.check_fitting_twice_equals_fitting_once(make_model)

    def test_fit_leaves_train_unchanged(self, make_model: laws.MakeModel) -> None:
        laws.check_fit_leaves_train_unchanged(make_model)

    def test_predict_changes_nothing(self, make_model: laws.MakeModel) -> None:
        laws.check_predict_changes_nothing(make_model)

    def test_order_of_rows_is_irrelevant(self, make_model: laws.MakeModel) -> None:
        laws.check_order_of_rows_is_irrelevant(make_model)

    def test_order_of_training_rows_is_irrelevant(self, make_model: laws.MakeModel) -> None:
        laws.check_order_of_training_rows_is_irrelevant(make_model)

    def test_numbering_is_irrelevant(self, make_model: laws.MakeModel) -> None:
        laws.check_numbering_is_irrelevant(make_model)

    def test_options_survive_fit(self, make_model: laws.MakeModel) -> None:
        laws.check_options_survive_fit(make_model)

    def test_state_restores_the_model(self, make_model: laws.MakeModel) -> None:
        laws.check_state_restores_the_model(make_model)

    def test_a_saved_model_predicts_the_same(self, make_model: laws.MakeModel) -> None:
        laws.check_a_saved_model_predicts_the_same(make_model)

    def test_fallback_is_told(self, make_model: laws.MakeModel) -> None:
        laws.check_fallback_is_told(make_model)

    def test_options_are_used(self, make_model: laws.MakeModel) -> None:
        behavior.check_options_are_used(make_model)

    def test_test_ratings_are_out_of_reach(self, make_model: laws.MakeModel) -> None:
        behavior.check_test_ratings_are_out_of_reach(make_model)

    def test_every_time_has_an_answer(self, make_model: laws.MakeModel) -> None:
        behavior.check_every_time_has_an_answer(make_model)

    def test_it_learns_what_it_sees(self, make_model: laws.MakeModel) -> None:
        behavior.check_it_learns_what_it_sees(make_model)
