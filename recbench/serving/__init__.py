"""Using what won: the verbs `train`, `predict` and `recommend`, and the folder that goes between them."""
