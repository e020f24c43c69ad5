"""The checks of a model as pytest tests."""

from __future__ import annotations

from recbench.testing import behavior, models


class ModelConformance:
    """Every check of a model as a test; parametrize the class with `make_model`.

    `make_model` is called without arguments and returns a new, unfitted model: a model class, or a function. The
    checks of cost are left out, as measured times would make a test suite unreliable; `recbench check` runs them.
    """

    def test_constructor_only_stores_options(self, make_model: models.MakeModel) -> None:
        models.check_constructor_only_stores_options(make_model)

    def test_predict_before_fit_raises(self, make_model: models.MakeModel) -> None:
        models.check_predict_before_fit_raises(make_model)

    def test_fit_returns_the_model(self, make_model: models.MakeModel) -> None:
        models.check_fit_returns_the_model(make_model)

    def test_every_pair_gets_a_finite_prediction(self, make_model: models.MakeModel) -> None:
        models.check_every_pair_gets_a_finite_prediction(make_model)

    def test_empty_input_gives_empty_output(self, make_model: models.MakeModel) -> None:
        models.check_empty_input_gives_empty_output(make_model)

    def test_zero_is_a_rating(self, make_model: models.MakeModel) -> None:
        models.check_zero_is_a_rating(make_model)

    def test_same_seed_gives_same_predictions(self, make_model: models.MakeModel) -> None:
        models.check_same_seed_gives_same_predictions(make_model)

    def test_fitting_twice_equals_fitting_once(self, make_model: models.MakeModel) -> None:
        models.check_fitting_twice_equals_fitting_once(make_model)

    def test_fit_leaves_the_training_set_unchanged(self, make_model: models.MakeModel) -> None:
        models.check_fit_leaves_the_training_set_unchanged(make_model)

    def test_predict_does_not_change_the_model(self, make_model: models.MakeModel) -> None:
        models.check_predict_does_not_change_the_model(make_model)

    def test_row_order_does_not_matter(self, make_model: models.MakeModel) -> None:
        models.check_row_order_does_not_matter(make_model)

    def test_training_row_order_does_not_matter(self, make_model: models.MakeModel) -> None:
        models.check_training_row_order_does_not_matter(make_model)

    def test_index_order_does_not_matter(self, make_model: models.MakeModel) -> None:
        models.check_index_order_does_not_matter(make_model)

    def test_fit_does_not_change_options(self, make_model: models.MakeModel) -> None:
        models.check_fit_does_not_change_options(make_model)

    def test_state_restores_the_model(self, make_model: models.MakeModel) -> None:
        models.check_state_restores_the_model(make_model)

    def test_saved_model_predicts_the_same(self, make_model: models.MakeModel) -> None:
        models.check_saved_model_predicts_the_same(make_model)

    def test_unknown_pairs_are_marked_as_fallback(self, make_model: models.MakeModel) -> None:
        models.check_unknown_pairs_are_marked_as_fallback(make_model)

    def test_options_are_used(self, make_model: models.MakeModel) -> None:
        behavior.check_options_are_used(make_model)

    def test_predictions_do_not_depend_on_test_ratings(self, make_model: models.MakeModel) -> None:
        behavior.check_predictions_do_not_depend_on_test_ratings(make_model)

    def test_every_timestamp_gets_a_finite_prediction(self, make_model: models.MakeModel) -> None:
        behavior.check_every_timestamp_gets_a_finite_prediction(make_model)

    def test_it_fits_its_training_ratings(self, make_model: models.MakeModel) -> None:
        behavior.check_it_fits_its_training_ratings(make_model)
