"""Neural models, trained with TensorFlow: `ncf` and `autorec`."""
