"""In: written tickets. Out: categories from SetFit with the same sentence encoder."""
