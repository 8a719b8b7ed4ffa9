"""In: written tickets. Out: categories from TF-IDF n-grams and a linear support vector machine."""
