"""Who does what at Acme. Who that is, needs no release: `dealwright people set --role "field sales" NAME ...`."""

from __future__ import annotations

from dealwright import Role

inside_sales = Role("inside sales")
field_sales = Role("field sales")
account_managers = Role("account managers")
head_of_sales = Role("head of sales")
