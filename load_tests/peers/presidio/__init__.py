"""In: written tickets. Out: names, e-mails, phones, IBANs and cards that Presidio with spaCy finds."""
