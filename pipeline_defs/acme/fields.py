"""What Acme writes down beside what every deal, contact and company has. The files of rules name it as `deal`."""

from __future__ import annotations

from dealwright import Choice, CompanyFields, ContactFields, Day, DealFields, Flag, Number


class Firm(CompanyFields):
    size = Choice("Size", ["workshop", "factory", "chain"])


class Buyer(ContactFields):
    language = Choice("Language", ["en", "es"])


class Sale(DealFields):
    contact: Buyer = Buyer()
    company: Firm = Firm()
    score = Number("Score")
    deliver_on = Day("Wanted by")
    discount = Number("Discount %")
    discount_agreed = Flag("Discount agreed")
    margin = Number("Margin %", sensitive=True)  # no advertising platform is told it, whatever a rule says


deal = Sale()
