"""In: nothing. Out: the words that announce an order, invoice, parcel or account identifier, and those that link to it.

Claim, case, ticket, meter, serial, SIM and vehicle numbers are no field, so no word announces them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.fields.family import words_of

ANNOUNCING: Final[Mapping[str, tuple[str, ...]]] = {
    "order_id": words_of(
        "order orders preorder pre-order booking bookings reservation reservations réservation pnr rma",
        "return job trip trips workorder appointment confirmation ride trade-in bestellung bestellungen",
        "bestellnummer bestellnr auftrag auftragsnummer auftragsnr buchung buchungsnummer buchungscode",
        "reservierung reservierungsnummer retoure retourennummer bestelling bestelnummer ordernummer",
        "boeking boekingsnummer reservering reserveringsnummer commande pedido pedidos encomenda reserva",
        "ordine ordini prenotazione zamówienie zamówienia zamówieniu rezerwacja rezerwacji orden",
        "localizador",
    ),
    "invoice_id": (
        "credit note",
        *words_of(
            "invoice invoices inv bill bills folio proforma receipt receipts rechnung rechnungen",
            "rechnungsnummer rechnungsnr rechnungs-nr gutschrift factuur factuurnummer facture factures",
            "factura facturas fattura fatture fatura faktura faktury fakturę fakturze",
        ),
    ),
    "tracking_number": (
        "tracking page for",
        "label number",
        *words_of(
            "tracking parcel parcels shipment consignment waybill airwaybill awb package sendung",
            "sendungsnummer sendungsverfolgung paket paketnummer paketes colis suivi paquete pacco",
            "spedizione pakket zending zendingsnummer paczka paczki przesyłka przesyłki rastreio",
            "seguimiento envío",
        ),
    ),
    "account_id": (
        "number with you",
        "reference with you",
        "meine nummer",
        *words_of(
            "account accounts acct acc customer client cust member members membership memberships policy",
            "policyholder contract agreement subscription subscriber loyalty enrollment enrolment tenant",
            "org organisation organization merchant learner student host wallet partner agency consumer",
            "holder user username login userid owner nickname profile kunde kundennummer kundennr",
            "kunden-nr kundin mitglied mitgliedsnummer mitgliedsnr vertrag vertragsnummer vertragsnr",
            "vertragskonto vertragskontonummer konto kontonummer benutzer benutzername police",
            "versicherungsnummer klantnummer klant klantnr lidnummer contractnummer gebruikersnaam",
            "polisnummer contrat abonné abonnement adhérent compte cliente cuenta contrato póliza socio",
            "suscripción usuario conta assinatura tessera contratto utente abbonamento klienta klient",
            "konta umowa umowy użytkownik użytkownika",
        ),
    ),
}
REFERENCES: Final = ("ref", "reference")  # of an order, mostly
BOOKING: Final = frozenset(
    words_of(
        "booking reservation pnr réservation reserva buchung prenotazione localizador",
    )
)
USER_NAMES: Final = frozenset(words_of(
    "user username login userid owner benutzer benutzername gebruikersnaam usuario utente użytkownik",
    "użytkownika nickname profile",
))  # fmt: skip
LINKING: Final = words_of(
    "no nos nr nrs num number numbers nummer nummern numéro numero número numer id ids ref reference code",
    "confirmation is was are has with on file called name named note slip label holder ist lautet war est",
    "es é client cliente klienta membre kundennummer de der den du my your our the mit del do di da key",
)
PREFIXES: Final[Mapping[str, str]] = {
    "inv": "invoice_id", "invoice": "invoice_id", "in": "invoice_id", "bill": "invoice_id",
    "rma": "order_id", "ord": "order_id", "order": "order_id", "booking": "order_id",
    "wo": "order_id", "ret": "order_id",
    "acct": "account_id", "acc": "account_id", "cust": "account_id", "cus": "account_id", "org": "account_id",
    "tnt": "account_id", "usr": "account_id", "mem": "account_id", "sub": "account_id", "pol": "account_id",
}  # fmt: skip
