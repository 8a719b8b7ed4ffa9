"""In: nothing. Out: the value that every training source yields: a raw ticket with the labels that are known of it."""

from service.evaluation.data import LabelledTicket, Span

__all__ = ["LabelledTicket", "Span"]
