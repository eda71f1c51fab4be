"""What a loss expects of its targets and predictions, in words; a loss says which where it is registered."""

EXPECTATIONS = {
    "sparse": "targets are class numbers, predictions one probability a class",
    "one_hot": "targets are one-hot rows, predictions one probability a class",
    "classes": "targets are class numbers or one-hot rows, predictions one probability a class",
    "binary": "targets are 0 or 1 an entry, predictions probabilities",
    "overlap": "targets are masks of 0 and 1, predictions probabilities",
    "distances": "targets are signed distance maps, predictions the probabilities of the mask",
    "grades": "targets are class numbers in order, predictions the probabilities to lie above each",
    "squared": "predictions shall come close to the targets, in squares",
    "absolute": "predictions shall come close to the targets, in absolute values",
    "angles": "predictions shall come close to the targets, round a circle",
    "parts": "what the losses expect that it is made of",
}
