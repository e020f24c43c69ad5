"""Neural models, trained with TensorFlow."""
