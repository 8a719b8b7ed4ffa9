"""In: written tickets. Out: categories from a transformers pipeline with torch, fine-tuned on them."""
