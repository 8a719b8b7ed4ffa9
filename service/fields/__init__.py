"""In: a ticket's normalised text, and what the model read in it. Out: its fields, with positions and normalised values."""
