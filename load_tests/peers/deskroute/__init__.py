"""In: written tickets. Out: the answers of this build with its default model, which is trained already."""
