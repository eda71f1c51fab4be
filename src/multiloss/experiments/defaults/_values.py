"""What `compare` and `tune` take where nothing is said, and the labels that stand for fixed weights."""

# One that is free, one that learns from the losses, and one that reads gradients and is not deaf to small losses.
BALANCERS = ("fixed", "uncertainty", "mgda")
EPOCHS = 5
SEEDS = 3
# The label of the user's own weights, unchanged, and of the fixed weights that a short search found.
FIXED = "fixed"
TUNED = "tuned"
